/**
 * The command-line program. It trains the paper's networks, evaluates and inspects their files, and
 * segments photographs.
 *
 * <p>A package depends only on packages below it; {@code ArchitectureTest} checks this.
 *
 * <pre>
 * cli       commands and their options, Main
 * report    learning curves, charts, HTML pages and JSON files of results
 * tasks     training, losses, metrics and presets of each network
 * data      data sets and images, read or generated      networks    the architectures
 * </pre>
 *
 * <p>Start reading in {@code cli} with {@code Main} and {@code TrainCommand}, then in {@code tasks}
 * with {@code Task} and {@code Training}. This package has no classes.
 */
@NullMarked
package io.github.freqreg.examples;

import org.jspecify.annotations.NullMarked;
