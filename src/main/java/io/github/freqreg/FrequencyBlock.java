package io.github.freqreg;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.execution.LayerExecutor;
import io.github.freqreg.execution.LayerInput;
import io.github.freqreg.execution.Pick;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The IDCT block: any DJL block, with chosen tensors kept in the frequency domain.
 *
 * <p>For a regularised tensor w with kept coefficients c, in zigzag order,
 *
 * <pre>
 * w = IDCT(c, 0, …, 0)
 * </pre>
 *
 * <p>{@code c} takes the parameter's place under the parameter's own name: optimisers, gradients,
 * {@code getParameters()} and {@code Model.save} see the coefficients and the parameters left
 * alone, never the dense tensor. The block computes what the wrapped block computes; inputs,
 * outputs and their shapes are the wrapped block's.
 *
 * <ul>
 *   <li><b>Training</b> rebuilds the weights on every forward pass, inside the gradient's graph
 *       (paper, section 3).
 *   <li><b>Inference</b> uses dense weights that are rebuilt only when the coefficients have
 *       changed. Several threads may predict at once, each with a predictor of its own, as DJL
 *       asks.
 *   <li><b>Execution</b>: convolutions, transposed convolutions and linear layers are computed
 *       without their weights where that is cheaper, see {@link Strategy}. Batch statistics and
 *       ReLU that follow such a layer in a sequential block are computed together with it.
 *   <li><b>Truncation</b> ({@link #truncate(double)}) cuts the tail of the zigzag order. The cut is
 *       a view while a trainer lives, and never comes back; {@link #compact()} frees the tail.
 * </ul>
 *
 * <p>Instances are made by {@link FrequencyRegularization}. Changing a block (loading, truncating,
 * compacting, making dense) is not safe against concurrent use.
 */
public final class FrequencyBlock extends AbstractBaseBlock {

    private static final Logger logger = LoggerFactory.getLogger(FrequencyBlock.class);

    /** Unlike the version of any block of DJL's, so that neither reads the other's numbers. */
    private static final byte VERSION = 'H';

    private final Block block;
    private final Map<Parameter, SpectralParameter> spectral = new IdentityHashMap<>();
    private final Map<String, SpectralParameter> byName = new LinkedHashMap<>();
    private final Map<String, Parameter> parameters;
    private final LayerExecutor executor;
    private boolean fusible;
    private Strategy strategy;
    private boolean dense;
    private boolean warned;

    FrequencyBlock(Block block, Collection<SpectralParameter> tensors, Strategy strategy) {
        super(VERSION);
        this.block = block;
        this.strategy = strategy;
        executor = LayerExecutor.of(block);
        for (SpectralParameter tensor : tensors) {
            spectral.put(tensor.getDense(), tensor);
        }
        parameters = BlockTree.parameters(block);
        parameters.forEach(
                (name, parameter) -> {
                    if (spectral.containsKey(parameter)) {
                        byName.put(name, spectral.get(parameter));
                    }
                });
        if (block.isInitialized()) {
            beforeInitialize(block.getInputShapes());
        }
        byName.values().stream()
                .filter(tensor -> tensor.getDense().isInitialized())
                .forEach(tensor -> tensor.project(false));
    }

    /**
     * Returns the wrapped block's class, for messages and reports.
     *
     * @return the class of the block inside
     */
    public Class<? extends Block> getWrappedType() {
        return block.getClass();
    }

    /**
     * Returns the regularised tensors as they are now, with the coefficients of {@code w =
     * IDCT(c)}.
     *
     * @return the tensors by parameter name, in the wrapped block's order
     * @throws IllegalStateException if the block is not initialised
     */
    public Map<String, FrequencyTensor> getTensors() {
        checkInitialized();
        Map<String, FrequencyTensor> tensors = new LinkedHashMap<>();
        byName.forEach((name, tensor) -> tensors.put(name, tensor.toTensor()));
        return tensors;
    }

    /**
     * Returns how many coefficients the regularised tensors keep.
     *
     * @return the kept numbers, by parameter name
     * @throws IllegalStateException if the block is not initialised
     */
    public Map<String, Integer> getKept() {
        checkInitialized();
        Map<String, Integer> kept = new LinkedHashMap<>();
        byName.forEach((name, tensor) -> kept.put(name, tensor.getKept()));
        return kept;
    }

    /**
     * Cuts the tail of every regularised tensor.
     *
     * <p>A tensor that was wrapped with s coefficients keeps {@code max(target, round(s ·
     * remaining))} of them, where target is what the policy asks for. What was cut before stays
     * cut.
     *
     * @param remaining the share of the starting coefficients that remains, from 0 to 1
     * @return the kept number of all regularised tensors together
     * @throws IllegalArgumentException if the share is out of range
     * @throws IllegalStateException if the block is not initialised
     */
    public long truncate(double remaining) {
        if (!(remaining >= 0 && remaining <= 1)) {
            throw new IllegalArgumentException(
                    "The remaining share must be 0 to 1 but is " + remaining);
        }
        checkInitialized();
        long kept = 0;
        for (SpectralParameter tensor : byName.values()) {
            int share = (int) Math.round(tensor.getStart() * remaining);
            tensor.cut(Math.max(tensor.getTarget(), share));
            kept += tensor.getKept();
        }
        return kept;
    }

    /**
     * Frees the coefficients that truncation has cut.
     *
     * <p>Close the trainer first. One that lives on the model's own device goes on with the shorter
     * parameters, their optimiser moments begun anew; one on other devices writes its numbers back
     * only when it is closed, and what it has learned would be lost.
     *
     * @throws IllegalStateException if the block is not initialised
     */
    public void compact() {
        checkInitialized();
        byName.values().forEach(SpectralParameter::compact);
    }

    /**
     * Gives the wrapped block back, with dense weights rebuilt from the coefficients.
     *
     * <p>It computes the same, and nothing of this library is left in it. This block is spent.
     *
     * @return the plain block
     * @throws IllegalStateException if the block is not initialised
     */
    public Block toDense() {
        checkInitialized();
        byName.values().forEach(SpectralParameter::release);
        dense = true;
        return block;
    }

    /**
     * Sets how the block computes. Layers that can only be rebuilt are, whatever is set.
     *
     * @param newStrategy the strategy, by default {@link Strategy#AUTO}
     */
    public void setStrategy(Strategy newStrategy) {
        strategy = newStrategy;
    }

    /** How the last pass of a kind was computed; null if there was none, or nothing to pick. */
    Pick getPick(boolean training) {
        return executor == null ? null : executor.getPick(training);
    }

    /** The parameter whose name tells which layer this is. */
    Parameter firstCoefficients() {
        return byName.values().iterator().next().getCoefficients();
    }

    /** The block inside. */
    Block getWrapped() {
        return block;
    }

    /** Whether a parameter that this block shows holds coefficients. */
    boolean isSpectral(Parameter shown) {
        return byName.values().stream().anyMatch(tensor -> tensor.getCoefficients() == shown);
    }

    /** The shape of what a parameter that this block shows is in the network. */
    Shape getShape(Parameter shown) {
        for (SpectralParameter tensor : byName.values()) {
            if (tensor.getCoefficients() == shown) {
                return tensor.getShape();
            }
        }
        return shown.getShape();
    }

    Collection<SpectralParameter> getSpectralParameters() {
        return byName.values();
    }

    private void checkInitialized() {
        checkNotDense();
        if (!isInitialized()) {
            throw new IllegalStateException(
                    "The wrapped "
                            + block.getClass().getSimpleName()
                            + " is not initialised: initialise the model first");
        }
    }

    private void checkNotDense() {
        if (dense) {
            throw new IllegalStateException(
                    "This block was turned into a dense "
                            + block.getClass().getSimpleName()
                            + ": use the block that toDense() returned");
        }
    }

    /** {@inheritDoc} */
    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... shapes) {
        checkNotDense();
        forgetCleared();
        List<SpectralParameter> fresh = new ArrayList<>();
        for (SpectralParameter tensor : byName.values()) {
            if (!tensor.getCoefficients().isInitialized()) {
                fresh.add(tensor);
                // Trainers and users set initialisers on the parameters they see.
                tensor.getDense().setInitializer(tensor.getCoefficients().getInitializer());
            } else {
                tensor.getCoefficients().initialize(manager, dataType);
            }
        }
        beforeInitialize(shapes);
        block.initialize(manager, dataType, shapes);
        fresh.forEach(tensor -> tensor.project(true));
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return forward(
                parameterStore,
                inputs,
                training,
                store -> block.forward(store, inputs, training, params));
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList data,
            NDList labels,
            PairList<String, Object> params) {
        return forward(
                parameterStore, data, true, store -> block.forward(store, data, labels, params));
    }

    private NDList forward(
            ParameterStore parameterStore, NDList inputs, boolean training, Pass pass) {
        checkNotDense();
        NDManager owner = inputs.getManager();
        // What is rebuilt for this pass is freed with it; the gradient's graph holds what it needs.
        try (NDManager scratch = owner.newSubManager()) {
            RebuildingParameterStore store =
                    new RebuildingParameterStore(parameterStore, scratch, training, spectral);
            NDList outputs =
                    factored(store, parameterStore, inputs, scratch, training)
                            .orElseGet(
                                    () -> {
                                        NDList rebuilt = pass.forward(store);
                                        leave(scratch, rebuilt, owner);
                                        return rebuilt;
                                    });
            if (!store.wasAskedForAny()) {
                throw new IllegalStateException(
                        block.getClass().getName()
                                + " does not read its regularised parameters "
                                + byName.keySet()
                                + " through the ParameterStore, so they cannot be rebuilt:"
                                + " exclude it from the policy");
            }
            if (training && !warned) {
                warnOfUnread(store);
            }
            return outputs;
        }
    }

    /** Lets outputs outlive the arrays of their pass. */
    private static void leave(NDManager scratch, NDList outputs, NDManager owner) {
        for (NDArray output : outputs) {
            if (output.getManager() == scratch) {
                output.attach(owner);
            }
        }
    }

    /** The output by coefficients alone, or nothing if the weights are to be rebuilt. */
    private Optional<NDList> factored(
            RebuildingParameterStore store,
            ParameterStore coefficients,
            NDList inputs,
            NDManager scratch,
            boolean training) {
        SpectralParameter tensor = executor == null ? null : spectral.get(executor.getWeight());
        if (tensor == null || !LayerInput.isOne(inputs)) {
            return Optional.empty();
        }
        LayerInput input = LayerInput.of(inputs);
        Device device = input.device();
        NDArray vector = coefficients.getValue(tensor.getCoefficients(), device, training);
        if (vector.getDataType() != input.type() || vector.getDataType() == DataType.FLOAT16) {
            return Optional.empty();
        }
        if (!training) {
            // No graph is built in a predictor's thread.
            vector = vector.stopGradient();
            vector.attach(scratch);
        }
        Optional<NDList> outputs =
                executor.forward(
                        new LayerExecutor.Pass(
                                strategy,
                                tensor.transform(device),
                                tensor.rounded(vector, scratch),
                                store,
                                input,
                                training,
                                fusible));
        if (outputs.isPresent()) {
            store.use(tensor);
        }
        return outputs;
    }

    /** Tells whether blocks that follow this one can be computed together with it. */
    boolean canFuse() {
        return executor != null && executor.canFuse() && spectral.containsKey(executor.getWeight());
    }

    /** Sets whether such a block follows. */
    void setFusible(boolean follows) {
        fusible = follows;
    }

    /** A branch not taken is no fault; a child that goes past the store would be a silent one. */
    private void warnOfUnread(RebuildingParameterStore store) {
        List<String> unread =
                byName.entrySet().stream()
                        .filter(entry -> !store.wasAskedFor(entry.getValue()))
                        .map(Map.Entry::getKey)
                        .toList();
        if (!unread.isEmpty()) {
            warned = true;
            logger.warn(
                    "{} did not read {} through the ParameterStore in a training pass: if it reads"
                            + " them otherwise they do not train, and are to be excluded",
                    block.getClass().getName(),
                    unread);
        }
    }

    /** {@inheritDoc} */
    @Override
    public BlockList getChildren() {
        return new BlockList();
    }

    /** {@inheritDoc} */
    @Override
    public ParameterList getDirectParameters() {
        ParameterList shown = new ParameterList();
        parameters.forEach(
                (name, parameter) -> {
                    SpectralParameter tensor = spectral.get(parameter);
                    shown.add(name, tensor == null ? parameter : tensor.getCoefficients());
                });
        return shown;
    }

    /** The wrapped block's parameters that are not regularised. */
    private List<Parameter> leftAlone() {
        return parameters.values().stream().filter(p -> !spectral.containsKey(p)).toList();
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
        return block.getOutputShapes(shapes);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] shapes, DataType[] dataTypes) {
        return block.getOutputShapes(shapes, dataTypes);
    }

    /** {@inheritDoc} */
    @Override
    public DataType[] getOutputDataTypes() {
        return block.getOutputDataTypes();
    }

    /** {@inheritDoc} */
    @Override
    public PairList<String, Shape> describeInput() {
        return block.describeInput();
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        byName.values().forEach(SpectralParameter::clear);
        leftAlone().forEach(Parameter::close);
    }

    /** A parent clears the parameters it sees; the dense weights behind them are freed here. */
    private void forgetCleared() {
        for (SpectralParameter tensor : byName.values()) {
            if (inputShapes != null && !tensor.getCoefficients().isInitialized()) {
                tensor.clear();
            }
        }
    }

    /** {@inheritDoc} */
    @Override
    public void saveParameters(DataOutputStream os) throws IOException {
        checkInitialized();
        os.writeByte(VERSION);
        saveInputShapes(os);
        for (SpectralParameter tensor : byName.values()) {
            os.writeUTF(axes(tensor));
            os.writeFloat(tensor.getStep());
            os.writeInt(tensor.getKept());
            try (NDArray prefix = tensor.copyPrefix()) {
                os.write(prefix.encode());
            }
        }
        for (Parameter parameter : leftAlone()) {
            parameter.save(os);
        }
    }

    /** {@inheritDoc} */
    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        checkNotDense();
        byte loaded = is.readByte();
        if (loaded != VERSION) {
            throw new MalformedModelException(
                    "Expected a FrequencyBlock (mark "
                            + VERSION
                            + ") around "
                            + block.getClass().getName()
                            + ", but found mark "
                            + loaded
                            + ": was the file saved from a plain model?");
        }
        readInputShapes(is);
        List<NDArray> vectors = new ArrayList<>();
        List<String> shapes = new ArrayList<>();
        List<Float> steps = new ArrayList<>();
        for (Map.Entry<String, SpectralParameter> entry : byName.entrySet()) {
            shapes.add(is.readUTF());
            steps.add(step(entry.getKey(), is.readFloat()));
            int kept = is.readInt();
            NDArray vector = manager.decode(is);
            vectors.add(vector);
            if (vector.getShape().dimension() != 1 || vector.size() != kept || kept < 1) {
                throw new MalformedModelException(
                        "Expected "
                                + kept
                                + " coefficients of "
                                + entry.getKey()
                                + " but found the shape "
                                + vector.getShape());
            }
        }
        forgetCleared();
        if (!isInitialized()) {
            DataType type = vectors.isEmpty() ? DataType.FLOAT32 : vectors.get(0).getDataType();
            block.initialize(manager, type, inputShapes);
            byName.values().forEach(tensor -> tensor.getDense().freeze(true));
        }
        int at = 0;
        for (Map.Entry<String, SpectralParameter> entry : byName.entrySet()) {
            SpectralParameter tensor = entry.getValue();
            String axes = axes(tensor);
            if (!axes.equals(shapes.get(at))) {
                throw new MalformedModelException(
                        "Expected coefficients along the axes "
                                + axes
                                + " of "
                                + entry.getKey()
                                + " but found "
                                + shapes.get(at));
            }
            float step = steps.get(at);
            NDArray vector = vectors.get(at++);
            DataType type = tensor.getDense().getArray().getDataType();
            if (vector.getDataType() != type) {
                throw new MalformedModelException(
                        "Expected "
                                + type
                                + " coefficients of "
                                + entry.getKey()
                                + " but found "
                                + vector.getDataType());
            }
            if (vector.size() > tensor.getShape().size()) {
                throw new MalformedModelException(
                        "Expected at most "
                                + tensor.getShape().size()
                                + " coefficients of "
                                + entry.getKey()
                                + " "
                                + tensor.getShape()
                                + " but found "
                                + vector.size());
            }
            tensor.setCoefficients(vector, (int) vector.size());
            tensor.setStep(step);
            tensor.forgetWeights();
        }
        for (Parameter parameter : leftAlone()) {
            Shape shape = parameter.getShape();
            parameter.close();
            parameter.load(manager, is);
            if (!shape.equals(parameter.getShape())) {
                throw new MalformedModelException(
                        "Expected "
                                + parameter.getName()
                                + " of shape "
                                + shape
                                + " but found "
                                + parameter.getShape());
            }
        }
    }

    private static float step(String name, float step) throws MalformedModelException {
        if (!(step >= 0) || Float.isInfinite(step)) {
            throw new MalformedModelException(
                    "Expected a step of 0 or more of " + name + " but found " + step);
        }
        return step;
    }

    /** The extents along which a tensor's frequencies are, without names of axes, and weights. */
    private static String axes(SpectralParameter tensor) {
        return tensor.getAxes().describe(tensor.getShape());
    }

    /** A forward pass of the wrapped block with a given store. */
    @FunctionalInterface
    private interface Pass {

        NDList forward(ParameterStore store);
    }
}
