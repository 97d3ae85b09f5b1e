/**
 * Saves networks as {@code .frq} files, loads them, and reports on them.
 *
 * <p>For applications:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.file.FrequencyFile}: saving and loading.
 *   <li>{@link io.github.freqreg.file.Quantization}: how finely each tensor is stored, to fit a
 *       number of bytes.
 *   <li>{@link io.github.freqreg.file.Allocation}: how many coefficients of each tensor of a
 *       trained network and how fine a step, together, to fit a number of bytes.
 *   <li>{@link io.github.freqreg.file.Sensitivity}: how strongly the outputs react to each tensor,
 *       from unlabelled inputs.
 *   <li>{@link io.github.freqreg.file.FrequencyBlockFactory}: loading by DJL's {@code Criteria}.
 *   <li>{@link io.github.freqreg.file.TorchScriptFactory}: the same for a skeleton of a TorchScript
 *       network and its file.
 *   <li>{@link io.github.freqreg.file.CompressionReport}: the bytes of each tensor on disk.
 *   <li>{@link io.github.freqreg.file.ExecutionReport}: how each layer computes, and its expected
 *       cost.
 * </ul>
 *
 * <p>Read in this order: {@code FrequencyFile}, {@code NetworkContent} and {@code NetworkWriter}
 * (network to content), {@code NetworkReader} (content to network), {@code ShownStatistics} (why a
 * file does not fit a TorchScript network), {@code ModelFolder} (files of the factories), {@code
 * RunningStatistic} (running means and variances as few coefficients), {@code FoldedNormalization}
 * (these statistics folded into scale and shift), {@code Quantization} and {@code StepSearch},
 * {@code Allocation}, {@code AllocationSearch} and {@code RateDistortion}; {@code FileSize}, {@code
 * SizeEstimate} and {@code Stretch} (the sizes of files in a search). The bytes themselves are the
 * business of {@link io.github.freqreg.format}.
 */
@NullMarked
package io.github.freqreg.file;

import org.jspecify.annotations.NullMarked;
