/**
 * How a wrapped layer computes with its coefficients: with its weight rebuilt, or without ever
 * building it.
 *
 * <p>Read {@link io.github.freqreg.execution.Strategy}, then {@link
 * io.github.freqreg.execution.LayerExecutor}, which computes; {@code ChannelLayout} knows the kinds
 * of layer, {@code Factorization} the ways, and {@code CostModel} what each is expected to cost;
 * {@link io.github.freqreg.execution.Pick} tells what was done. {@link
 * io.github.freqreg.execution.Unexpanded} is how a convolution is computed together with the blocks
 * that follow it, with {@code ChannelEpilogue} for the arithmetic and {@link
 * io.github.freqreg.execution.FusedRelu} as one of these blocks.
 */
package io.github.freqreg.execution;
