/**
 * The mathematics: what it means to keep a tensor as the low frequencies of its cosine transform.
 *
 * <p>Nothing here trains or knows of a network. Read in this order:
 *
 * <ol>
 *   <li>{@link io.github.freqreg.spectrum.ZigzagOrder}: the order of the coefficients, low
 *       frequencies first.
 *   <li>{@link io.github.freqreg.spectrum.ZigzagMask}: which of them are kept, a prefix of that
 *       order, and the box of frequencies the prefix lies in.
 *   <li>{@link io.github.freqreg.spectrum.Dct}: the orthonormal DCT-II and its inverse, the
 *       DCT-III, over all axes of an {@code NDArray}.
 *   <li>{@link io.github.freqreg.spectrum.SpectralTransform}: from kept coefficients to the tensor
 *       and back, with its tables made once.
 *   <li>{@link io.github.freqreg.spectrum.FrequencyTensor}: a tensor held as its kept coefficients.
 *   <li>{@link io.github.freqreg.spectrum.SplitAxes}: a tensor seen in a shape that splits its
 *       axes; {@link io.github.freqreg.spectrum.FrequencyAxes}: which axes a tensor's frequencies
 *       are along, and how they count in the order.
 * </ol>
 */
package io.github.freqreg.spectrum;
