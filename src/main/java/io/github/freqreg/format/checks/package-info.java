/**
 * Checks that the readers of every file format and format version share.
 *
 * <p>This package lies below {@code format}, {@code format.v1} and {@code interop}, so that none of
 * them depends on another for its checks. Users need nothing in it.
 */
@NullMarked
package io.github.freqreg.format.checks;

import org.jspecify.annotations.NullMarked;
