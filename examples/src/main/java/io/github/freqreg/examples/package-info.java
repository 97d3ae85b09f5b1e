/**
 * The command-line program, which trains, evaluates, segments with and inspects the paper's
 * networks.
 *
 * <p>Each package uses the ones below it and none above; a test asserts this.
 *
 * <pre>
 * cli       commands and their options; Main
 * report    curves, charts, pages and JSON of results
 * tasks     what is trained, how, and how it is measured
 * data      data sets, images, and what is drawn in their place      networks    the architectures
 * </pre>
 *
 * <p>Read {@code cli} first, from {@code Main} and {@code TrainCommand} on, then {@code tasks} from
 * {@code Task} and {@code Training} on. This package has no classes.
 */
@NullMarked
package io.github.freqreg.examples;

import org.jspecify.annotations.NullMarked;
