/**
 * Layers that DJL's PyTorch engine does not provide. They work with and without frequency
 * regularisation.
 *
 * <ol>
 *   <li>{@link io.github.freqreg.nn.TransposedConv1d}: transposed convolution over sequences.
 *   <li>{@link io.github.freqreg.nn.TransposedConv2d}: transposed convolution over images.
 *   <li>{@link io.github.freqreg.nn.BatchStatisticsNorm}: batch normalisation without parameters.
 *   <li>{@link io.github.freqreg.nn.ReferenceBatch}: normalisation by the statistics of fixed
 *       examples. A file stores neither the examples nor the statistics.
 *   <li>{@link io.github.freqreg.nn.ChannelConcat}: concatenation along channels, for skip
 *       connections. It computes what {@code NDArrays.concat} computes; with layers in the
 *       frequency domain around it, in much less memory and time.
 *   <li>{@link io.github.freqreg.nn.LazyMaps}: feature maps computed on first access, into which a
 *       {@link io.github.freqreg.nn.ChannelNorm} can be fused, or of which the next layer projects
 *       the channels. {@code JoinedMaps}, a {@link io.github.freqreg.nn.LazyList}, is the
 *       concatenation; {@link io.github.freqreg.nn.ZeroPadding} pads its parts.
 * </ol>
 *
 * <p>To follow how a transposed convolution is computed, read {@code SubPixel}, then {@code
 * TransposedConvolution}. To follow how references normalise, read {@code ReferenceNetwork}, {@code
 * ReferenceNorm}, then {@code ReferenceStatistics}, which keeps what inference needs. {@link
 * io.github.freqreg.nn.Snapshot}, {@link io.github.freqreg.nn.Stateful} and {@link
 * io.github.freqreg.nn.SourceStore} tell it whether the network has changed.
 */
@NullMarked
package io.github.freqreg.nn;

import org.jspecify.annotations.NullMarked;
