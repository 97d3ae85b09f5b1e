/**
 * Makes any DJL network small by keeping its weights in the frequency domain.
 *
 * <pre>
 * FrequencyRegularization.builder().optKeepRate(0.01).build().apply(model);   // wrap
 * // … train with DJL's own Trainer …
 * FrequencyFile.save(model.getBlock(), path);                                 // a few kilobytes
 * FrequencyFile.load(freshModel, path);                                       // anywhere else
 * FrequencyRegularization.toDense(model);                                     // plain DJL again
 * </pre>
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@link io.github.freqreg.FrequencyRegularization}: the policy, and wrapping a model with
 *       it; {@link io.github.freqreg.TensorChoice} and {@link io.github.freqreg.LayerType} are its
 *       words.
 *   <li>{@link io.github.freqreg.FrequencyBlock}: the block that takes a layer's place.
 *   <li>{@code SpectralParameter} and {@code RebuildingParameterStore}: how its weights come from
 *       coefficients.
 *   <li>{@code BlockTree}: how children are replaced.
 *   <li>{@link io.github.freqreg.FrequencyFile}: saving and loading.
 *   <li>{@link io.github.freqreg.CompressionReport}: what it costs on disk.
 * </ol>
 *
 * <p>The other packages: {@link io.github.freqreg.spectrum} is the mathematics, {@link
 * io.github.freqreg.training} truncates during training, {@link io.github.freqreg.format} is the
 * file format.
 */
package io.github.freqreg;
