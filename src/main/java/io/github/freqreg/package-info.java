/**
 * Makes any DJL network small by keeping its weights in the frequency domain.
 *
 * <pre>
 * FrequencyRegularization.builder().optKeepRate(0.01).build().apply(model);   // wrap
 * // … train with DJL's own Trainer …
 * FrequencyFile.save(model.getBlock(), path);                                 // a few kilobytes
 * FrequencyFile.load(freshModel, path);                                       // anywhere else
 * FrequencyBlocks.toDense(model);                                     // plain DJL again
 * </pre>
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@link io.github.freqreg.policy.FrequencyRegularization}: the policy, and wrapping a model
 *       with it; {@link io.github.freqreg.policy.TensorChoice} and {@link
 *       io.github.freqreg.policy.LayerType} are its words.
 *   <li>{@link io.github.freqreg.block.FrequencyBlock}: the block that takes a layer's place.
 *   <li>{@code SpectralParameter} and {@code RebuildingParameterStore}: how its weights come from
 *       coefficients; {@code StartScale}: how large these start.
 *   <li>{@code BlockTree}: how children are replaced, and the names of parameters.
 *   <li>{@code NetworkBudget} and {@code BudgetShares}: who gets how much of a budget.
 *   <li>{@link io.github.freqreg.file.FrequencyFile}: saving and loading; {@link
 *       io.github.freqreg.file.Quantization}: how finely, for a number of bytes; {@link
 *       io.github.freqreg.file.FrequencyBlockFactory}: loading by DJL's {@code Criteria}. {@code
 *       RunningStatistic} is what a file has of normalisation.
 *   <li>{@link io.github.freqreg.interop.DenseWeights}: named arrays, to and from other programs;
 *       {@code WeightMatch} finds which is whose. {@code LoadTarget} is what all loading shares.
 *   <li>{@link io.github.freqreg.file.CompressionReport}: what it costs on disk; {@link
 *       io.github.freqreg.file.ExecutionReport}: how it computes, and what that is expected to
 *       cost.
 * </ol>
 *
 * <h2>Decisions worth knowing</h2>
 *
 * <ul>
 *   <li>Coefficients keep the name and the type of the parameter whose place they take, so that
 *       configuration by type (freezing, initialisers) goes on working. They are never initialised
 *       by themselves: the layer's own initialiser makes dense weights, which are projected.
 *   <li>Coefficients are those of the orthonormal transform, without a factor of their own. A
 *       factor that lets Adam's dense learning rates fit was tried; one larger rate for all did
 *       better.
 *   <li>Nothing marks the dense weights as stale. Each inference compares the kept coefficients
 *       with those the weights were rebuilt from: a few hundred numbers, and right whoever changed
 *       them.
 *   <li>A tensor can be seen in a shape that splits its axes ({@code addSplit}). Behind a
 *       flattening the paper's own way sees a row of numbers, whose low frequencies cannot tell the
 *       places of a map apart; splitting it took LeNet-5 at 776 numbers from 92.6% to 97.3% in
 *       eight epochs. Splitting channels that have no such order made it worse.
 *   <li>Axes can be weighted in the zigzag order ({@code addAxisWeights}): more frequencies of
 *       channels than of kernels. Both are off unless asked for; the ablation is in the examples'
 *       results.
 *   <li>A fresh tensor can start in balance ({@code optBalancedStart}): the prefix has many
 *       coefficients at low frequencies and few at high ones, and drawn alike they make each layer
 *       answer nearly the same to all inputs. It is off unless asked for, so that the paper's own
 *       method starts as it did; what it gains is in the examples' results.
 *   <li>Running statistics behind a regularised layer are stored as the few coefficients that they
 *       are, and are whole in the network: no gradient reaches them, so policies leave them alone.
 *   <li>The kept numbers of a fresh network's budget are shared equally, as in the paper's smallest
 *       settings: shares by the roots of sizes did worse. A trained network's go where its energy
 *       is.
 * </ul>
 *
 * <p>The other packages: {@link io.github.freqreg.spectrum} is the mathematics, {@link
 * io.github.freqreg.training} truncates during training, {@link io.github.freqreg.format} is the
 * file format. {@link io.github.freqreg.nn} has layers that DJL's PyTorch engine lacks.
 */
package io.github.freqreg;
