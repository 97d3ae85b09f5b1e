/**
 * The decoder of version 1 of the {@code .frq} format, frozen. Files of this version are read for
 * ever but no longer written.
 *
 * <p>The package knows nothing of the current version. It decodes into a record of its own, {@link
 * io.github.freqreg.format.v1.Version1Content}, which {@code FrqFrame} converts to today's {@code
 * FrqDocument}; that is the only place where the current format refers to an old one. The bytes are
 * specified in the documentation of {@code io.github.freqreg.format}. Applications do not need this
 * package.
 */
@NullMarked
package io.github.freqreg.format.v1;

import org.jspecify.annotations.NullMarked;
