package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.Internal;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.spectrum.SpectralTransform;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One regularised tensor of a network: its coefficients, the kept number, and the dense weights
 * that are rebuilt from them.
 *
 * <p>The optimiser sees the coefficients {@code c}; the layer sees the weights {@code w = IDCT(c)},
 * or {@code θ₀ + s ⊙ IDCT(c)} with a start. Training rebuilds the weights inside the gradient
 * graph; inference uses a {@link WeightCache}.
 */
@Internal
public final class SpectralParameter {

    private final String name;
    private final DenseTensor dense;
    private final ShapedSpec spec;
    private final WeightCache rebuilt;
    private final Map<Device, SpectralTransform> transforms = new ConcurrentHashMap<>();

    private Parameter coefficients;
    private int start;
    private volatile int kept;
    private volatile float step;

    /**
     * Replaces a parameter.
     *
     * @param name in the model
     * @param dense its weights
     * @param rule how it is kept
     * @param inModule whether its array belongs to a TorchScript network
     */
    SpectralParameter(String name, DenseTensor dense, TensorSpec.Rule rule, boolean inModule) {
        this.name = name;
        this.dense = dense;
        spec = new ShapedSpec(rule);
        rebuilt =
                inModule
                        ? new ModuleWeights(dense.first(), this::rebuild)
                        : new RebuiltWeights(dense, this::rebuild);
        coefficients = newParameter(dense.getInitializer(), getDense().requiresGradient(), null);
    }

    /** Returns how the tensor is kept. Its shape must be known. */
    private TensorSpec getSpec() {
        return spec.of(getShape());
    }

    DenseTensor getDenseTensor() {
        return dense;
    }

    Parameter getDense() {
        return dense.first();
    }

    Parameter getCoefficients() {
        return coefficients;
    }

    /** {@return the shape of the dense tensor, known once the network is initialised} */
    public Shape getShape() {
        // A parameter of a TorchScript network has an array but no shape of its own.
        return getModule().isPresent() ? dense.getArray().getShape() : getDense().getShape();
    }

    /** {@return the axes along which the tensor is transformed} */
    public FrequencyAxes getAxes() {
        return getSpec().axes();
    }

    /** {@return whether the coefficients change a start instead of being the weights} */
    public boolean hasStart() {
        return getAxes().hasStart();
    }

    /** {@return the quantisation step, 0 if coefficients are not rounded} */
    public float getStep() {
        return step;
    }

    /**
     * Sets the quantisation step: from now on the network computes with coefficients that are
     * rounded to multiples of it.
     *
     * @param newStep the step, 0 for no rounding
     */
    public void setStep(float newStep) {
        step = newStep;
        rebuilt.forget();
    }

    /** {@return how many coefficients are kept} */
    public int getKept() {
        return kept;
    }

    /** Passes on the initializer that was set here; with {@code draws}, for coefficients. */
    void passInitializer(boolean draws) {
        Initializer own = coefficients.getInitializer();
        dense.setInitializer(draws && own != null ? new CoefficientDraw(own) : own);
    }

    /** Projects and freezes the initialised weights; coefficients of fresh ones are scaled. */
    void project(boolean fresh) {
        dense.freeze(true);
        NDArray weights = dense.getArray();
        if (coefficients.getInitializer() == Placeholder.INITIALIZER) {
            // A loader will set the coefficients.
            setCoefficients(weights.getManager().zeros(new Shape(1), weights.getDataType()), 1);
            return;
        }
        StartCoefficients first = new StartCoefficients(weights, getShape(), getSpec());
        NDArray vector = fresh ? first.ofFresh(dense.getInitializer()) : first.ofTrained();
        setCoefficients(vector, Math.toIntExact(vector.size()));
        forgetWeights();
    }

    /** Takes over projected coefficients, or projects the weights if the start needs others. */
    void replaceBy(float[] projected) {
        if (projected.length == getSpec().start() && !hasStart()) {
            dense.freeze(true);
            setValues(projected);
            forgetWeights();
        } else {
            project(false);
        }
    }

    /** Frees the dense weights until inference needs them. */
    void forgetWeights() {
        rebuilt.discard();
    }

    /** Replaces the coefficients and closes the old array. */
    void setCoefficients(NDArray vector, int count) {
        boolean trainable = coefficients.requiresGradient();
        if (coefficients.isInitialized()) {
            // Stops a trainer that still refers to the old parameter from updating it.
            coefficients.freeze(true);
            coefficients.getArray().close();
        }
        coefficients = newParameter(coefficients.getInitializer(), trainable, vector);
        vector.setName(name);
        vector.setRequiresGradient(trainable);
        kept = count;
        // The schedule of a model that was truncated and saved still begins at the policy's start.
        start = Math.max(count, (int) getSpec().start());
        forgetTables();
    }

    private Parameter newParameter(
            Initializer initializer, boolean trainable, @Nullable NDArray array) {
        return Parameter.builder()
                .setName(getDense().getName())
                .setType(getDense().getType())
                .optInitializer(initializer)
                .optRequiresGrad(trainable)
                .optArray(array)
                .optShape(array == null ? null : array.getShape())
                .build();
    }

    /**
     * Truncates the tail to a share of the starting coefficients, but at least to the target. A
     * tensor that keeps fewer coefficients already is unchanged.
     */
    void truncate(double remaining) {
        long share = Math.max(getSpec().target(), Math.round(start * remaining));
        truncateTo((int) Math.max(1, Math.min(share, kept)));
    }

    /**
     * Truncates the tail.
     *
     * @param count the number of coefficients to keep, 1 or more; a tensor with fewer is unchanged
     */
    public void truncateTo(int count) {
        if (count < kept) {
            kept = count;
            forgetTables();
        }
    }

    /** Frees the memory of the truncated tail. */
    void compact() {
        if (coefficients.getArray().size() > kept) {
            setCoefficients(copyPrefix(), kept);
        }
    }

    /** Copies the kept coefficients outside of any graph, on the manager of the parameter. */
    NDArray copyPrefix() {
        NDArray whole = coefficients.getArray();
        try (NDManager scratch = whole.getManager().newSubManager();
                NDArray detached = whole.stopGradient()) {
            NDArray prefix = detached.get(scratch, new NDIndex(":" + kept)).duplicate();
            prefix.attach(whole.getManager());
            return prefix;
        }
    }

    /** Rebuilds the weights inside the gradient graph; the result belongs to {@code scratch}. */
    NDArray rebuild(NDArray vector, NDManager scratch) {
        return transform(vector.getDevice())
                .rebuild(rounded(vector, scratch), scratch)
                .reshape(getShape());
    }

    /** Returns the coefficients as a file stores them: rounded, if there is a step. */
    NDArray rounded(NDArray vector, NDManager scratch) {
        float unit = step;
        return unit == 0 ? vector : StraightThrough.round(vector, unit, scratch);
    }

    /** Returns the tensor of the TorchScript network, if the weights belong to one. */
    Optional<ModuleWeights> getModule() {
        return rebuilt instanceof ModuleWeights module ? Optional.of(module) : Optional.empty();
    }

    /** Returns the weights outside of any graph, which are rebuilt if the coefficients changed. */
    NDArray weights(NDArray vector) {
        if (vector.size() == kept) {
            return rebuilt.of(vector);
        }
        try (NDArray prefix = vector.get(new NDIndex(":" + kept))) {
            return rebuilt.of(prefix);
        }
    }

    SpectralTransform transform(Device device) {
        return transforms.computeIfAbsent(
                device,
                d ->
                        new SpectralTransform(
                                getAxes(),
                                getShape(),
                                kept,
                                dense.getArray().getManager(),
                                d,
                                coefficients.getArray().getDataType()));
    }

    private void forgetTables() {
        transforms.values().forEach(SpectralTransform::close);
        transforms.clear();
        rebuilt.forget();
    }

    /**
     * Copies the kept coefficients that the network computes with, outside of any graph.
     *
     * @param manager the manager of the copy
     * @return the coefficients, rounded if there is a step
     */
    public NDArray copyCoefficients(NDManager manager) {
        return copy(manager, this::rounded);
    }

    /**
     * Copies the weights that the network computes with, outside of any graph.
     *
     * @param manager the manager of the copy
     * @return the weights, which are not cached
     */
    public NDArray copyWeights(NDManager manager) {
        return copy(manager, this::rebuild);
    }

    private NDArray copy(NDManager manager, RebuiltWeights.Rebuild of) {
        try (NDManager scratch = dense.getArray().getManager().newSubManager();
                NDArray prefix = copyPrefix()) {
            NDArray copy = of.weights(prefix, scratch).duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    /** {@return a copy of the kept coefficients, without the rounding of a quantisation step} */
    public FrequencyTensor toTensor() {
        try (NDArray prefix = copyPrefix();
                NDArray floats = prefix.toType(DataType.FLOAT32, true)) {
            return new FrequencyTensor(getAxes(), getShape(), floats.toFloatArray());
        }
    }

    /**
     * Sets the axes of coefficients that are about to be replaced.
     *
     * @param axes along which the new coefficients are
     */
    public void setAxes(FrequencyAxes axes) {
        spec.setAxes(getShape(), axes);
        forgetTables();
    }

    /**
     * Replaces the coefficients and the kept number, and ends rounding.
     *
     * @param values the coefficients, which are converted to the network's data type
     */
    public void setValues(float[] values) {
        NDArray vector = dense.getArray().getManager().create(values);
        DataType type = dense.getArray().getDataType();
        if (type != DataType.FLOAT32) {
            // Even as a copy, float32 would share memory of Java's with the closed array.
            try (NDArray floats = vector) {
                vector = floats.toType(type, false);
            }
        }
        step = 0;
        setCoefficients(vector, values.length);
    }

    /** Makes the dense weights an ordinary parameter again and frees everything else. */
    void release() {
        weights(coefficients.getArray());
        forgetTables();
        dense.freeze(!coefficients.requiresGradient());
        coefficients.close();
    }

    /** Frees coefficients, weights and tables, so that the tensor can be initialised again. */
    void clear() {
        forgetTables();
        rebuilt.clear();
        coefficients.close();
        coefficients =
                newParameter(coefficients.getInitializer(), coefficients.requiresGradient(), null);
    }
}
