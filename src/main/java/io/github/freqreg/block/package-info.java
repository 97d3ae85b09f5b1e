/**
 * The block that keeps a layer's weights in the frequency domain.
 *
 * <p>For applications:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.block.FrequencyBlock}: wraps a layer or a composite.
 *   <li>{@link io.github.freqreg.block.FrequencyBlocks}: operations on all frequency blocks of a
 *       network: truncate, compact, list, and back to plain DJL.
 * </ul>
 *
 * <p>Read in this order: {@code FrequencyBlock}, {@code SpectralParameter} (the coefficients of one
 * tensor), {@code RebuiltWeights} (the dense weights that inference caches), {@code ForwardPass}
 * and {@code RebuildingParameterStore} (how the wrapped layer gets its weights), {@code
 * ModuleWeights}, {@code ModuleGradients} and {@code ModuleOperators} (how a TorchScript network
 * gets them, which asks no parameter store), {@code ParameterCodec} (DJL's {@code .params} files).
 * Then how a network is wrapped: {@code NetworkTensors} lists its parameters, {@code TensorSpec}
 * says how each is kept, {@code Wrapping} cuts the network into units and wraps them, {@code
 * ChildBlocks} replaces children, and {@code CalledLayers} exchanges the layers inside a unit that
 * is wrapped whole. {@code FactoredLayer} is a layer that computes without its dense weight, {@code
 * Fusion} fuses followers with it, and {@code FusedNorm} batch normalisation. {@code
 * StartCoefficients} are those that a tensor has at first: {@code CoefficientDraw} draws those of
 * large fresh tensors, and {@code StartScale} scales all fresh ones. {@code TrialInitialization}
 * and {@code TransposedLayers} prepare a network and can be undone, {@code ScriptModules} loads
 * TorchScript networks, and {@code FreshStart} makes a network forget.
 *
 * <h2>Design notes</h2>
 *
 * <ul>
 *   <li>The coefficients keep the name, the type and the initialiser of the parameter that they
 *       replace, so freezing and initialising by type still work. The layer's own initialiser draws
 *       dense weights, which are then projected; of large tensors, coefficients with the same
 *       variance are drawn.
 *   <li>The coefficients are those of the orthonormal transform, without a factor. A factor that
 *       makes Adam's usual learning rates fit was tried; a larger learning rate for all did better.
 *   <li>No flag marks the cached dense weights as stale. Each inference compares the kept
 *       coefficients with those that the weights were rebuilt from: this costs little and notices
 *       every change.
 *   <li>A TorchScript network is one block with the tensors of many layers, and reads its own
 *       memory. Rebuilt weights are copied there before each pass; in training, the copy is an
 *       operation of the gradient graph. Such a network is never computed factored.
 * </ul>
 */
@NullMarked
package io.github.freqreg.block;

import org.jspecify.annotations.NullMarked;
