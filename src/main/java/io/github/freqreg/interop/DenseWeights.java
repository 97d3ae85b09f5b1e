package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import io.github.freqreg.block.TrialInitialization;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Exports the weights of a network as named arrays, and loads them from such arrays.
 *
 * <pre>
 * NDList weights = DenseWeights.of(block, manager, UnaryOperator.identity());
 * ArrayFile.write(weights, Path.of("w.safetensors"));
 *
 * NDList theirs = ArrayFile.read(manager, Path.of("state_dict.pt"));
 * DenseWeights.load(model, theirs, UnaryOperator.identity(), inputShape);
 * </pre>
 *
 * <p>An array has the name of the parameter, such as {@code 01Conv2d_weight}, or the name that an
 * operator makes of it. Arrays have the types and shapes of the parameters, and the same order. DJL
 * and PyTorch have the same conventions for both: the weight of a convolution is (out, in, kernel),
 * of a linear layer (out, in), of a transposed convolution (in, out, kernel). The bias follows the
 * weight. Batch normalisation has gamma (in PyTorch {@code weight}), beta ({@code bias}), running
 * mean and running variance.
 *
 * <p>A tensor that the network has under several names, because its layers share a parameter or
 * because their parameters hold one array, is exported once, under its first name. It is loaded
 * from an array with any of the names, or from several with equal values.
 *
 * <p>{@link #match} proposes a table for weights with other names, such as those of torchvision and
 * Hugging Face.
 *
 * <p>The methods are safe for concurrent use on different networks.
 *
 * @see ArrayFile
 */
public final class DenseWeights {

    private DenseWeights() {}

    /**
     * Copies the dense weights of a network, plain or wrapped. Wrapped tensors are rebuilt, as by
     * {@link FrequencyBlocks#toDense(Block)}.
     *
     * @param block the network, initialised, which is unchanged
     * @param manager the manager of the arrays
     * @param names maps the name of a parameter to the name of its array
     * @return a named array for each parameter
     * @throws IllegalStateException if the network is not initialised
     */
    public static NDList of(Block block, NDManager manager, UnaryOperator<String> names) {
        NDList arrays = new NDList();
        for (NetworkTensor tensor : tensors(block)) {
            arrays.add(named(tensor.copyDense(manager), names.apply(tensor.name())));
        }
        return arrays;
    }

    /**
     * Copies the coefficients of a wrapped network.
     *
     * <p>A wrapped tensor NAME becomes four arrays:
     *
     * <ul>
     *   <li>{@code NAME.coefficients}: the first coefficients of the orthonormal DCT-II over all
     *       axes of {@code NAME.axes}. They are in the {@linkplain
     *       io.github.freqreg.spectrum.ZigzagOrder zigzag order} with the weights {@code
     *       NAME.order}: by ascending Σ weight · index, and lexicographically for equal sums. All
     *       other coefficients are 0
     *   <li>{@code NAME.shape}: the extents of the tensor, int64. The rebuilt array has this shape
     *       if its elements are read in row-major order
     *   <li>{@code NAME.axes}: the extents of the transformed array, int64: those of the shape,
     *       unless a policy splits axes
     *   <li>{@code NAME.order}: the weight of each of these axes in the zigzag order, int64: 1,
     *       unless a policy sets weights
     * </ul>
     *
     * <p>All other parameters are copied.
     *
     * @param block the network, initialised, which is unchanged
     * @param manager the manager of the arrays
     * @param names maps the name of a parameter to the name of its arrays
     * @return the named arrays
     * @throws IllegalArgumentException if a tensor has a start that its coefficients change
     * @throws IllegalStateException if the network is not initialised
     */
    public static NDList coefficientsOf(
            Block block, NDManager manager, UnaryOperator<String> names) {
        NDList arrays = new NDList();
        for (NetworkTensor tensor : tensors(block)) {
            String name = names.apply(tensor.name());
            tensor.spectral()
                    .ifPresentOrElse(
                            spectral -> addCoefficients(arrays, name, spectral, manager),
                            () -> arrays.add(named(tensor.copyDense(manager), name)));
        }
        return arrays;
    }

    private static void addCoefficients(
            NDList arrays, String name, SpectralParameter tensor, NDManager manager) {
        if (tensor.hasStart()) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + name
                            + " has a start, which its coefficients do not hold: export the dense"
                            + " weights instead");
        }
        long[] shape = tensor.getShape().getShape();
        long[] axes = tensor.getAxes().shape(tensor.getShape()).getShape();
        long[] order = weights(tensor.getAxes(), axes.length);
        arrays.add(named(tensor.copyCoefficients(manager), name + ".coefficients"));
        arrays.add(named(manager.create(shape), name + ".shape"));
        arrays.add(named(manager.create(axes), name + ".axes"));
        arrays.add(named(manager.create(order), name + ".order"));
    }

    private static List<NetworkTensor> tensors(Block block) {
        if (!NetworkTensors.haveNumbers(block)) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to copy");
        }
        return NetworkTensors.of(block);
    }

    private static long[] weights(FrequencyAxes axes, int rank) {
        List<Integer> weights =
                axes.weights().isEmpty() ? Collections.nCopies(rank, 1) : axes.weights();
        return weights.stream().mapToLong(weight -> weight).toArray();
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
     * @param names maps the name of a parameter to the name of its array
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException if the arrays do not fit; the model is unchanged
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if the model has no block, or one that is wrapped
     */
    public static void load(
            Model model, NDList arrays, UnaryOperator<String> names, Shape... inputs)
            throws MalformedModelException {
        Block block = FrequencyBlocks.of(model);
        Matching matching = places -> new WeightMatch(places, names).of(arrays);
        load(block, model.getNDManager(), model.getDataType(), matching, inputs);
    }

    /**
     * Loads dense weights into a model whose block is plain, by a table of names.
     *
     * @param model a model whose block has the structure of the weights, without a trainer
     * @param arrays the weights; those that the table does not name are ignored
     * @param table the name of the array for each parameter, see {@link #match}
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException if the table leaves out a parameter, or the arrays do not
     *     fit, with a list of the problems; the model is unchanged
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if the model has no block, or one that is wrapped
     */
    public static void load(Model model, NDList arrays, NameTable table, Shape... inputs)
            throws MalformedModelException {
        Block block = FrequencyBlocks.of(model);
        load(block, model.getNDManager(), model.getDataType(), byTable(arrays, table), inputs);
    }

    /**
     * Loads dense weights into a plain network, by a table of names.
     *
     * @param block a plain network of the structure of the weights, initialised or not
     * @param manager the manager of the network's arrays if it is not initialised yet; they are
     *     float32
     * @param arrays the weights; those that the table does not name are ignored
     * @param table the name of the array for each parameter, see {@link #match}
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException as {@link #load(Model, NDList, NameTable, Shape...)}; the
     *     network is unchanged
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if the network is wrapped
     */
    public static void load(
            Block block, NDManager manager, NDList arrays, NameTable table, Shape... inputs)
            throws MalformedModelException {
        load(block, manager, DataType.FLOAT32, byTable(arrays, table), inputs);
    }

    private static Matching byTable(NDList arrays, NameTable table) {
        return places -> new WeightMatch(places, UnaryOperator.identity()).of(arrays, table);
    }

    /**
     * Proposes which array to load into which parameter, for networks of one architecture whose
     * names differ, such as a DJL network and one of torchvision or Hugging Face.
     *
     * <p>Arrays are matched by name first, as by {@link #load(Model, NDList, UnaryOperator,
     * Shape...)}, and then by role, shape and order. A role is what the end of a name says: weight,
     * bias, running mean or running variance. First whole layers are matched, then single tensors.
     * Where several are alike, they are matched in order, if their number is the same in file and
     * network. The order is that of the file; if the file is sorted by name, as safetensors are,
     * numbers and common words of the names give the order. What remains ambiguous is left over,
     * and listed. Nothing is transposed or reshaped.
     *
     * @param block a plain network, initialised or not, which is unchanged
     * @param arrays the weights
     * @param names maps the name of a parameter to the name that its array may have
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @return the table, whose text can be corrected
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if the network is wrapped
     */
    public static NameTable match(
            Block block, NDList arrays, UnaryOperator<String> names, Shape... inputs) {
        checkPlain(block);
        TrialInitialization trial = new TrialInitialization(block);
        try (NDManager manager = NDManager.newBaseManager()) {
            trial.initialize(manager, DataType.FLOAT32, inputs);
            return NameMatch.of(NetworkTensors.places(block), arrays, names);
        } finally {
            trial.undo();
            trial.putInitializers(block);
        }
    }

    /**
     * Loads dense weights into a plain network.
     *
     * <p>Arrays are found by the names that the operator makes. If none of these exists, they are
     * found by the parameters' own names; and if none of those exists either, by their order, which
     * is that of a state dictionary. Matching by order has two safeguards: a name that ends with
     * {@code weight}, {@code bias}, {@code running_mean} or {@code running_var} must belong to such
     * a parameter, and numbers in names must ascend. PyTorch's {@code num_batches_tracked} is
     * skipped. Values are converted to the network's type. An array without a parameter is accepted
     * if it equals that of a tied tensor, as its further name. In order, a tied tensor has an array
     * for each of its names, or one in its first place.
     *
     * @param block a plain network of the structure of the weights, initialised or not
     * @param manager the manager of the network's arrays if it is not initialised yet; they are
     *     float32
     * @param arrays the weights, of any floating point type, each with a name
     * @param names maps the name of a parameter to the name of its array
     * @param inputs the shapes of the network's inputs, if it is not initialised
     * @throws MalformedModelException if the arrays do not fit, with a list of the problems; the
     *     network is unchanged
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if the network is wrapped
     */
    public static void load(
            Block block,
            NDManager manager,
            NDList arrays,
            UnaryOperator<String> names,
            Shape... inputs)
            throws MalformedModelException {
        Matching matching = places -> new WeightMatch(places, names).of(arrays);
        load(block, manager, DataType.FLOAT32, matching, inputs);
    }

    /** Finds the array of each parameter. */
    @FunctionalInterface
    private interface Matching {

        /**
         * Finds the arrays.
         *
         * @param places the tensors of the network by all of their names, initialised
         * @return the arrays by the first name of the tensor
         */
        Map<String, NDArray> of(Map<String, NetworkTensor> places) throws MalformedModelException;
    }

    private static void checkPlain(Block block) {
        if (FrequencyBlocks.isWrapped(block)) {
            throw new IllegalStateException(
                    "The network is frequency regularised, and dense weights are for a plain one:"
                            + " call toDense() first");
        }
    }

    private static void load(
            Block block, NDManager manager, DataType type, Matching matching, Shape... inputs)
            throws MalformedModelException {
        checkPlain(block);
        Map<String, NetworkTensor> places = NetworkTensors.places(block);
        TrialInitialization trial = new TrialInitialization(block);
        Map<String, NDArray> found;
        try {
            trial.initialize(manager, type, inputs);
            found = matching.of(places);
        } catch (MalformedModelException | RuntimeException e) {
            trial.undo();
            throw e;
        } finally {
            trial.putInitializers(block);
        }
        for (NetworkTensor tensor : new LinkedHashSet<>(places.values())) {
            trial.fill(tensor.parameter(), Objects.requireNonNull(found.get(tensor.name())));
        }
    }
}
