/**
 * Which tensors of a network are kept in the frequency domain, and how.
 *
 * <p>For applications:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.policy.FrequencyRegularization}: a policy, which wraps a network.
 *   <li>{@link io.github.freqreg.policy.FrequencyRegularizationBuilder}: its settings.
 *   <li>{@link io.github.freqreg.policy.LayerType}: the kinds of layer that a policy distinguishes.
 *   <li>{@link io.github.freqreg.policy.TensorChoice}: what a policy does with one tensor, and why.
 * </ul>
 *
 * <p>Read in this order: {@code TensorFilter} chooses tensors and {@code NetworkPlan} holds the
 * choices. {@code ModuleLayers} and {@code ModuleTrace} tell the kinds and the axes of the tensors
 * of a TorchScript network, which is a single block. {@code KeepAmounts}, {@code AxesRules} with
 * {@code ShapeTrace} and {@code FoundAxes}, {@code StartRules} and, for a budget, {@code
 * NetworkBudget} and {@code BudgetShares} then decide how each chosen tensor is kept. The result is
 * one {@link io.github.freqreg.block.TensorSpec} for each tensor, and {@link
 * io.github.freqreg.block.Wrapping} does the rest.
 *
 * <h2>Design notes</h2>
 *
 * <ul>
 *   <li>A tensor can be transformed in a shape that splits its axes. Behind a flattening, the paper
 *       transforms rows of numbers, whose low frequencies cannot distinguish the places of a
 *       feature map. Splitting took LeNet-5 at 776 numbers from 92.6% to 97.3% in eight epochs.
 *       {@code ShapeTrace} finds these splits. Splitting channels that have no such order made it
 *       worse, so where nothing is known, nothing is split.
 *   <li>Axes have weights in the zigzag order, to keep more frequencies of channels than of
 *       kernels; the ablation is in the examples' results, the weights are in {@code FoundAxes}.
 *   <li>A fresh convolution that no skip connection bypasses starts at the identity, see {@code
 *       StartRules}. Each layer of a deep network keeps few frequencies of its channels; a sequence
 *       of such layers lets through what all of them keep. VGG of width 16 in 4,096 bytes gained
 *       six points, and one more with equal shares. ResNet-18, whose skip connections let
 *       everything through, lost six with the identity in its 3×3 convolutions.
 *   <li>Any other fresh tensor starts in balance, see {@code BalancedStart}. The kept prefix has
 *       many coefficients at low frequencies and few at high ones; with equal variances, a layer
 *       responds mainly to low frequencies, and all inputs soon look alike.
 *   <li>The last linear layer starts at a tenth, see {@code StartRules}. VGG and ResNet-18 learnt
 *       faster.
 *   <li>A fresh network's budget is shared by a power of the sizes that grows with the budget, see
 *       {@code BudgetShares}. It gives LeNet-5 about the amounts that were best by hand. With the
 *       paper's equal shares, shares proportional to the square roots of sizes did worse. Weights
 *       share equally if most of them start at the identity. A trained network's budget goes where
 *       its energy is.
 *   <li>{@code paper()} turns all of these off.
 * </ul>
 */
@NullMarked
package io.github.freqreg.policy;

import org.jspecify.annotations.NullMarked;
