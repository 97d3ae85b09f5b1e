/**
 * The mathematics of frequency regularisation: cosine transforms, the zigzag order of the
 * coefficients, and the prefix of it that a tensor keeps.
 *
 * <p>This package knows neither networks nor files. Read in this order:
 *
 * <ol>
 *   <li>{@link io.github.freqreg.spectrum.ZigzagOrder}: the order of the coefficients, low
 *       frequencies first.
 *   <li>{@link io.github.freqreg.spectrum.ZigzagMask}: the kept prefix of that order, and the box
 *       of frequencies that contains it.
 *   <li>{@link io.github.freqreg.spectrum.CosineSeries}: the DCT of one vector in plain Java, and
 *       the basis matrix along one axis.
 *   <li>{@link io.github.freqreg.spectrum.Dct}: the DCT-II and DCT-III of an {@code NDArray} over
 *       all axes.
 *   <li>{@code AxisTransform} and {@code FourierCosine}: its step along one axis, as a product with
 *       the basis or by the FFT; {@link io.github.freqreg.spectrum.TransformCost} chooses, {@code
 *       Parts} joins what is computed a few lines at a time, and {@link
 *       io.github.freqreg.spectrum.GradientGraph} tells it whether gradients are recorded.
 *   <li>{@link io.github.freqreg.spectrum.SpectralTransform}: projects a tensor onto its kept
 *       coefficients and rebuilds it from them, with cached tables: {@code KeptPositions}, the
 *       cosine bases that {@code SharedBases} shares between transforms, and {@code StartValues},
 *       the numbers of a start.
 *   <li>{@link io.github.freqreg.spectrum.FrequencyTensor}: a tensor represented by its kept
 *       coefficients in Java memory.
 *   <li>{@link io.github.freqreg.spectrum.SplitAxes}: maps the axes of a tensor to those of a shape
 *       that splits them.
 *   <li>{@link io.github.freqreg.spectrum.FrequencyAxes}: the axes along which a tensor is
 *       transformed, their weights in the zigzag order, and its {@link
 *       io.github.freqreg.spectrum.TensorStart}.
 * </ol>
 */
@NullMarked
package io.github.freqreg.spectrum;

import org.jspecify.annotations.NullMarked;
