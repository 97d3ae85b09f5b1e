/**
 * How a wrapped layer computes with its coefficients: with its weight rebuilt, or without a dense
 * weight.
 *
 * <p>For applications:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.execution.Strategy}: which way to compute, usually {@code AUTO}.
 *   <li>{@link io.github.freqreg.execution.Pick}: how a pass was computed, and its expected cost.
 *   <li>{@link io.github.freqreg.execution.LayerPick}: the same with the name of the layer.
 *   <li>{@link io.github.freqreg.execution.Factorization}: the ways that a pass can be computed.
 * </ul>
 *
 * <p>Read in this order: {@code LayerExecutor} decides with {@code CostModel}, from the {@code
 * LayerSizes}, how a {@code LayerPass} is computed. {@code FactoredPass} computes it, with the
 * {@code Cores} of the pass, {@code ChannelMix} for the products along channels, {@code
 * ChannelLayout} for where these are and {@code IdentityMaps} for a start at the identity. {@code
 * Unexpanded} is the output of a factored convolution that following blocks can be fused into:
 * {@code FactoredMaps} are its arrays, and how they are normalised, {@code ChannelEpilogue}
 * computes the channels, {@code FusedRelu} and {@code FusedMaxPool}, each a {@code FusedLambda},
 * are two of these blocks, and {@code LayerInput} lets the next layer look at such an output
 * without computing it. {@code PoolingWindows} computes a max pooling in predictions.
 */
@NullMarked
package io.github.freqreg.execution;

import org.jspecify.annotations.NullMarked;
