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
 * <p>This package contains documentation, the marker {@link io.github.freqreg.Internal}, and an
 * internal class that several packages share. The first classes that an application needs are
 * {@link io.github.freqreg.training.Compressor}, {@link
 * io.github.freqreg.policy.FrequencyRegularization}, {@link io.github.freqreg.file.FrequencyFile}
 * and {@link io.github.freqreg.block.FrequencyBlocks}. They live in different packages because each
 * of them rests on the packages below it, and a package that held them all would depend on
 * everything.
 *
 * <pre>
 *   policy ─▶ interop, block ─▶ execution ─▶ spectrum, nn   what a network computes
 *     file ─▶ interop, block, format ─▶ spectrum            what a file holds
 * training ─▶ policy, file, block, format
 *  interop ─▶ block, format                                 other programs' files
 * </pre>
 *
 * <p>{@code training} uses {@code format} for checkpoints and for the content of files, and {@code
 * interop} only to read and write whole files. {@code policy} and {@code file} use {@code interop}
 * for TorchScript networks alone: the archive tells the kinds of layers, and holds the network's
 * code.
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
 *   <li>{@link io.github.freqreg.interop}: weights and networks of other programs (PyTorch,
 *       TorchScript, safetensors, NumPy).
 *   <li>{@link io.github.freqreg.training}: truncation and quantisation during training,
 *       checkpoints, and the compressor, which does everything in one call.
 * </ul>
 *
 * <p>{@code ArchitectureTest} checks these arrows; a package may also skip a level.
 *
 * <h2>Terms</h2>
 *
 * <ul>
 *   <li><b>coefficient</b>: an element of the orthonormal discrete cosine transform of a tensor.
 *   <li><b>zigzag order</b>: the order of the coefficients by ascending sum of frequencies. A
 *       <b>shell</b> is the set of coefficients with the same sum.
 *   <li><b>kept</b>: the first coefficients of that order, which are stored and trained. The
 *       <b>tail</b> is the rest, and counts as zero. The <b>box</b> is the smallest block of low
 *       frequencies that contains all kept coefficients.
 *   <li><b>project</b>: transform a tensor and keep its first coefficients. <b>Rebuild</b>: the
 *       inverse transform, from coefficients to the dense tensor.
 *   <li><b>wrapped</b>: a layer, network or tensor whose weights are kept as coefficients. A
 *       <b>fresh</b> tensor has not been initialised when it is wrapped.
 *   <li><b>rate</b>: the kept share of a tensor's coefficients. A <b>floor</b> is the least that
 *       the paper's published code keeps of each kind of layer, whatever the rate.
 *   <li><b>step</b>: the quantisation step of a tensor; its coefficients are stored as multiples of
 *       it.
 *   <li><b>factored</b>: computed with the coefficients along the channel axes, without the dense
 *       weight. <b>Fused</b>: a following batch normalisation or ReLU is computed with the layer.
 * </ul>
 */
@NullMarked
package io.github.freqreg;

import org.jspecify.annotations.NullMarked;
