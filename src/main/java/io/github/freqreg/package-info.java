/**
 * Makes DJL networks small by keeping their weights in the frequency domain.
 *
 * <pre>
 * FrequencyRegularization.builder().optKeepRate(0.01).build().apply(model);   // wrap
 * // … train with DJL's own Trainer …
 * FrequencyFile.save(model.getBlock(), path);                                 // a few kilobytes
 * FrequencyFile.load(freshModel, path);                                       // on another machine
 * FrequencyBlocks.toDense(model);                                             // plain DJL again
 * </pre>
 *
 * <p>This package contains documentation and the marker {@link io.github.freqreg.Internal} only.
 * The first classes that an application needs are {@link
 * io.github.freqreg.policy.FrequencyRegularization}, {@link io.github.freqreg.file.FrequencyFile},
 * {@link io.github.freqreg.block.FrequencyBlocks} and {@link
 * io.github.freqreg.training.TailTruncation}. They live in different packages because each of them
 * rests on the packages below it, and a package that held them all would depend on everything.
 *
 * <pre>
 * training ─▶ policy ─▶ block ─▶ execution ─▶ spectrum        what a network computes
 *     └─────▶ file ───▶ block
 *             file ───▶ format ─▶ spectrum                     what a file holds
 *          interop ───▶ format, block                          other programs' files
 * </pre>
 *
 * <ul>
 *   <li>{@link io.github.freqreg.spectrum}: the cosine transform, the zigzag order and the mask of
 *       kept coefficients.
 *   <li>{@link io.github.freqreg.nn}: layers that DJL's PyTorch engine lacks, or that can be fused.
 *   <li>{@link io.github.freqreg.execution}: how one layer computes with coefficients: with its
 *       weight rebuilt, or without a dense weight.
 *   <li>{@link io.github.freqreg.block}: the block that wraps a layer, and operations on all such
 *       blocks of a network.
 *   <li>{@link io.github.freqreg.policy}: which tensors are wrapped, how many coefficients each
 *       keeps, along which axes and from which start.
 *   <li>{@link io.github.freqreg.format}: the bytes of {@code .frq} files.
 *   <li>{@link io.github.freqreg.file}: saving and loading networks, quantisation, and reports.
 *   <li>{@link io.github.freqreg.interop}: weights of other programs (PyTorch, safetensors, NumPy).
 *   <li>{@link io.github.freqreg.training}: truncation and quantisation during training, and
 *       checkpoints.
 * </ul>
 *
 * <p>{@code ArchitectureTest} checks these arrows.
 */
@NullMarked
package io.github.freqreg;

import org.jspecify.annotations.NullMarked;
