/**
 * Layers that DJL's PyTorch engine does not have, usable with and without frequency regularisation.
 *
 * <p>Read {@code SubPixel}, the computation, and {@code TransposedConvolution}, the layer; then
 * {@link io.github.freqreg.nn.TransposedConv1d} and {@link io.github.freqreg.nn.TransposedConv2d}.
 * {@link io.github.freqreg.nn.BatchStatisticsNorm} stands by itself.
 */
package io.github.freqreg.nn;
