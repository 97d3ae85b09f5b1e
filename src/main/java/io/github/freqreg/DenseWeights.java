package io.github.freqreg;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The numbers of a network as named arrays, to take it elsewhere, and to bring one in.
 *
 * <pre>
 * NDList weights = DenseWeights.of(block, manager, UnaryOperator.identity());
 * ArrayFile.write(weights, Path.of("w.safetensors"));
 *
 * NDList theirs = ArrayFile.read(manager, Path.of("state_dict.pt"));
 * DenseWeights.load(model, theirs, UnaryOperator.identity(), inputShape);
 * </pre>
 *
 * <p>Names are those of the network's parameters, such as {@code 01Conv2d_weight}, or what an
 * operator makes of them. Arrays have the parameters' types and shapes and stand in the network's
 * order. DJL and PyTorch agree in both: a convolution's weight is (out, in, kernel), a linear
 * layer's (out, in), a transposed convolution's (in, out, kernel); a layer's weight is followed by
 * its bias; batch normalisation has gamma (PyTorch's {@code weight}), beta ({@code bias}), running
 * mean and running variance.
 *
 * <p>The methods are safe for concurrent use on different networks.
 *
 * @see io.github.freqreg.interop.ArrayFile
 */
public final class DenseWeights {

    private DenseWeights() {}

    /**
     * Copies the dense weights of a network, plain or wrapped; what is kept as coefficients is
     * transformed back, to what {@link FrequencyRegularization#toDense(Block)} would leave.
     *
     * @param block the network, initialised, which is unchanged
     * @param manager the manager of the arrays
     * @param names what each parameter's name becomes
     * @return a named array for each parameter
     * @throws IllegalStateException if the network is not initialised
     */
    public static NDList of(Block block, NDManager manager, UnaryOperator<String> names) {
        NDList arrays = new NDList();
        Map<Parameter, SpectralParameter> spectral = spectralParameters(block);
        BlockTree.parameters(block)
                .forEach(
                        (name, parameter) -> {
                            SpectralParameter tensor = spectral.get(parameter);
                            NDArray array =
                                    tensor != null
                                            ? tensor.copyWeights(manager)
                                            : copy(parameter, manager);
                            arrays.add(named(array, names.apply(name)));
                        });
        return arrays;
    }

    /**
     * Copies the numbers that a wrapped network keeps.
     *
     * <p>A tensor NAME that is in the frequency domain becomes four arrays:
     *
     * <ul>
     *   <li>{@code NAME.coefficients}: those of the orthonormal DCT-II over all axes of {@code
     *       NAME.axes}, the first of the {@linkplain io.github.freqreg.spectrum.ZigzagOrder zigzag
     *       order} with the weights {@code NAME.order}: ascending Σ weight · index, and inside one
     *       sum lexicographic; all others are 0
     *   <li>{@code NAME.shape}: the tensor's extents, int64; the inverse transform has this shape
     *       when its elements are taken row-major
     *   <li>{@code NAME.axes}: the extents along which its frequencies are, int64; those of the
     *       shape, unless a policy splits axes
     *   <li>{@code NAME.order}: the weight of each of these axes in the order, int64; all 1, unless
     *       a policy weights them
     * </ul>
     *
     * <p>Every other parameter is there as it is.
     *
     * @param block the network, initialised, which is unchanged
     * @param manager the manager of the arrays
     * @param names what each parameter's name becomes
     * @return the named arrays
     * @throws IllegalStateException if the network is not initialised
     */
    public static NDList coefficientsOf(
            Block block, NDManager manager, UnaryOperator<String> names) {
        NDList arrays = new NDList();
        Map<Parameter, SpectralParameter> spectral = spectralParameters(block);
        BlockTree.parameters(block)
                .forEach(
                        (ours, parameter) -> {
                            String name = names.apply(ours);
                            SpectralParameter tensor = spectral.get(parameter);
                            if (tensor == null) {
                                arrays.add(named(copy(parameter, manager), name));
                                return;
                            }
                            long[] axes = tensor.getAxes().shape(tensor.getShape()).getShape();
                            arrays.add(
                                    named(
                                            tensor.copyCoefficients(manager),
                                            name + ".coefficients"));
                            long[] shape = tensor.getShape().getShape();
                            arrays.add(named(manager.create(shape), name + ".shape"));
                            arrays.add(named(manager.create(axes), name + ".axes"));
                            long[] order = weights(tensor.getAxes(), axes.length);
                            arrays.add(named(manager.create(order), name + ".order"));
                        });
        return arrays;
    }

    private static Map<Parameter, SpectralParameter> spectralParameters(Block block) {
        if (!block.isInitialized()) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to copy");
        }
        return BlockTree.spectralParameters(block);
    }

    private static long[] weights(FrequencyAxes axes, int rank) {
        List<Integer> weights =
                axes.weights().isEmpty() ? Collections.nCopies(rank, 1) : axes.weights();
        return weights.stream().mapToLong(weight -> weight).toArray();
    }

    private static NDArray copy(Parameter parameter, NDManager manager) {
        try (NDArray detached = parameter.getArray().stopGradient()) {
            NDArray copy = detached.duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    private static NDArray named(NDArray array, String name) {
        array.setName(name);
        return array;
    }

    /**
     * Loads dense weights into a model whose block is plain.
     *
     * @param model a model whose block has the structure of the weights, without a trainer
     * @param arrays the weights, see {@link #load(Block, NDManager, NDList, UnaryOperator,
     *     Shape...)}
     * @param names what each parameter's name is among the arrays
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException if the arrays do not fit; the model is unchanged
     * @throws IllegalArgumentException if the network does not take such inputs
     * @throws IllegalStateException if the model has no block, or one that is wrapped
     */
    public static void load(
            Model model, NDList arrays, UnaryOperator<String> names, Shape... inputs)
            throws MalformedModelException {
        FrequencyFile.checkBlock(model);
        load(model.getBlock(), model.getNDManager(), model.getDataType(), arrays, names, inputs);
    }

    /**
     * Loads dense weights into a plain network.
     *
     * <p>Arrays are found by what the operator makes of the parameters' names; if none is, by the
     * parameters' own names; if none is either, all are taken in order, as those of a state
     * dictionary are, where a name that ends with {@code weight}, {@code bias}, {@code
     * running_mean} or {@code running_var} must be of such a parameter, and numbers in names must
     * go up. PyTorch's {@code num_batches_tracked} are skipped. Values become the network's own
     * type.
     *
     * @param block a plain network of the structure of the weights, initialised or not
     * @param manager keeps the network's arrays, which are float32, if it is not initialised
     * @param arrays the weights, of any floating point type, each with a name
     * @param names what each parameter's name is among the arrays
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException if the arrays do not fit, with a list of what does not; the
     *     network is unchanged
     * @throws IllegalArgumentException if the network does not take such inputs
     * @throws IllegalStateException if the network is wrapped
     */
    public static void load(
            Block block,
            NDManager manager,
            NDList arrays,
            UnaryOperator<String> names,
            Shape... inputs)
            throws MalformedModelException {
        load(block, manager, DataType.FLOAT32, arrays, names, inputs);
    }

    private static void load(
            Block block,
            NDManager manager,
            DataType type,
            NDList arrays,
            UnaryOperator<String> names,
            Shape... inputs)
            throws MalformedModelException {
        if (FrequencyRegularization.isWrapped(block)) {
            throw new IllegalStateException(
                    "The network is frequency regularised, and dense weights are for a plain one:"
                            + " call toDense() first");
        }
        Map<String, Parameter> parameters = BlockTree.parameters(block);
        LoadTarget target = new LoadTarget(block);
        Map<String, NDArray> found;
        try {
            target.initialize(manager, type, inputs);
            found = new WeightMatch(parameters, names).of(arrays);
        } catch (MalformedModelException | RuntimeException e) {
            target.undo();
            throw e;
        } finally {
            target.putInitializers(block);
        }
        parameters.forEach((name, parameter) -> target.fill(parameter, found.get(name)));
    }
}
