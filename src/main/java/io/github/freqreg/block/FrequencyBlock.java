package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.Internal;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.nn.Stateful;
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
import java.util.OptionalDouble;

/**
 * A DJL block that keeps chosen tensors of the block inside in the frequency domain (the paper's
 * "IDCT block").
 *
 * <p>A regularised tensor w is kept as its first coefficients c in zigzag order:
 *
 * <pre>
 * w = IDCT(c, 0, …, 0)
 * </pre>
 *
 * <p>or, with a {@linkplain io.github.freqreg.spectrum.TensorStart start}, is the sum of that start
 * and its coefficients.
 *
 * <p>The coefficients take the place of the dense parameter, under its name: {@code
 * getParameters()}, optimisers and {@code Model.save} see c instead of w. Inputs, outputs and their
 * shapes are those of the wrapped block, and so is the result.
 *
 * <ul>
 *   <li><b>Training</b> rebuilds the weights in every forward pass, inside the gradient graph
 *       (paper, section 3).
 *   <li><b>Inference</b> rebuilds the weights only if the coefficients have changed. Several
 *       threads may predict at the same time, each with its own predictor, as DJL requires.
 *   <li><b>Execution</b>: convolutions, transposed convolutions and linear layers are computed
 *       without dense weights where that is cheaper, see {@link Strategy}; most of them also inside
 *       a block that is wrapped whole. Batch normalisation, ReLU and max pooling that follow such a
 *       layer in a sequential block are fused with it.
 * </ul>
 *
 * <p>A policy ({@link io.github.freqreg.policy}) creates frequency blocks. {@link FrequencyBlocks}
 * truncates them, reports on them and turns them back into plain blocks. Methods that change a
 * block must not run concurrently with others on it.
 */
public final class FrequencyBlock extends AbstractBaseBlock implements Stateful {

    /** Differs from the versions of DJL's blocks, so that neither reads the other's parameters. */
    private static final byte VERSION = 'H';

    private final Block block;
    private final Map<Parameter, SpectralParameter> spectral = new IdentityHashMap<>();
    private final Map<String, SpectralParameter> byName = new LinkedHashMap<>();
    private final Map<String, Parameter> parameters;
    private final ForwardPass pass;
    private boolean dense;
    private boolean folded;

    /**
     * Wraps a block. Tensors that are initialised must be projected next.
     *
     * @param block any block
     * @param parameters its parameters by name, without those that are tied to a regularised one
     * @param tensors those that are regularised
     * @param strategy how the block computes
     */
    FrequencyBlock(
            Block block,
            Map<String, Parameter> parameters,
            Collection<SpectralParameter> tensors,
            Strategy strategy) {
        super(VERSION);
        this.block = block;
        this.parameters = parameters;
        for (SpectralParameter tensor : tensors) {
            tensor.getDenseTensor().parameters().forEach(each -> spectral.put(each, tensor));
        }
        parameters.forEach(
                (name, parameter) -> {
                    if (spectral.containsKey(parameter)) {
                        byName.put(name, spectral.get(parameter));
                    }
                });
        pass = new ForwardPass(block, byName, spectral, leftAlone(), strategy);
        if (block.isInitialized()) {
            beforeInitialize(block.getInputShapes());
        } else if (ScriptModules.isModule(block)) {
            // It has values since it was loaded, and takes inputs of any shape that it can.
            beforeInitialize();
        }
    }

    /** Returns the class of the wrapped block, for messages and reports. */
    Class<? extends Block> getWrappedType() {
        return block.getClass();
    }

    /** Returns the wrapped block. */
    Block getWrapped() {
        return block;
    }

    /** Returns the regularised tensors, in the wrapped block's order. */
    Collection<SpectralParameter> getSpectralParameters() {
        return byName.values();
    }

    /** Returns the tensor whose coefficients a parameter of this block holds. */
    Optional<SpectralParameter> findSpectral(Parameter shown) {
        return byName.values().stream()
                .filter(tensor -> tensor.getCoefficients() == shown)
                .findFirst();
    }

    /** Makes quantised files fold running statistics into scale and shift, if there are any. */
    void foldNormalization() {
        folded = block instanceof BatchNorm;
    }

    /**
     * Returns what the wrapped batch normalisation adds to variances, if files fold its statistics.
     *
     * @return its ε; empty for other layers
     */
    @Internal
    public OptionalDouble foldedEpsilon() {
        return folded ? FusedNorm.epsilon((BatchNorm) block) : OptionalDouble.empty();
    }

    /** Returns how the block computes its forward passes. */
    ForwardPass getPass() {
        return pass;
    }

    /** {@inheritDoc} */
    @Override
    @Internal
    public Object getState() {
        return TensorState.of(byName.values());
    }

    /**
     * Rebuilds the dense weights and returns the wrapped block. This block is unusable afterwards.
     */
    Block release() {
        checkInitialized();
        byName.values().forEach(SpectralParameter::release);
        pass.release();
        dense = true;
        return block;
    }

    /** Throws if the block has no weights, or has given them back. */
    void checkInitialized() {
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
                tensor.passInitializer(true);
            } else {
                tensor.getCoefficients().initialize(manager, dataType);
            }
        }
        beforeInitialize(shapes);
        try {
            block.initialize(manager, dataType, shapes);
            fresh.forEach(tensor -> tensor.project(tensor.getModule().isEmpty()));
        } finally {
            fresh.forEach(tensor -> tensor.passInitializer(false));
        }
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        checkNotDense();
        return pass.run(
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
        checkNotDense();
        return pass.run(
                parameterStore, data, true, store -> block.forward(store, data, labels, params));
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

    /** Returns the wrapped block's parameters that are not regularised. */
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

    /** Frees dense weights whose coefficients the parent has cleared. */
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
        new ParameterCodec(byName, leftAlone()).write(os);
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
        ParameterCodec codec = new ParameterCodec(byName, leftAlone());
        ParameterCodec.Coefficients read = codec.readCoefficients(manager, is);
        forgetCleared();
        if (!isInitialized()) {
            block.initialize(manager, read.type(), inputShapes);
            byName.values().forEach(tensor -> tensor.getDenseTensor().freeze(true));
        }
        codec.setCoefficients(read);
        codec.readLeftAlone(manager, is);
    }
}
