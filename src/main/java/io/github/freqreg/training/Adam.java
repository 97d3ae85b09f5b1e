package io.github.freqreg.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * DJL's Adam, step by step the same, with moments that can be saved.
 *
 * <pre>
 * m = β₁ m + (1 - β₁) g,   v = β₂ v + (1 - β₂) g²
 * w = w - η_t m / (√v + ε),   η_t = η √(1 - β₂ᵗ) / (1 - β₁ᵗ)
 * </pre>
 *
 * <p>DJL's own keeps the moments to itself, so that a resumed training starts them anew. {@link
 * Checkpoint} saves these. After {@code compact()} parameters are new ones, and their moments begin
 * anew.
 *
 * <p>An instance serves one trainer. {@link #close()} frees the moments. Not safe for concurrent
 * use other than by its trainer.
 *
 * @see <a href="https://arxiv.org/abs/1412.6980">Adam: A Method for Stochastic Optimization</a>
 */
public final class Adam extends Optimizer implements AutoCloseable {

    private final ParameterTracker learningRateTracker;
    private final float beta1;
    private final float beta2;
    private final float epsilon;
    private final Map<String, Map<Device, NDArray>> means = new ConcurrentHashMap<>();
    private final Map<String, Map<Device, NDArray>> variances = new ConcurrentHashMap<>();
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();
    private int begin;
    private int updates;

    private Adam(Builder builder) {
        super(builder);
        learningRateTracker = builder.learningRateTracker;
        beta1 = builder.beta1;
        beta2 = builder.beta2;
        epsilon = builder.epsilon;
        begin = builder.begin;
        updates = builder.begin;
    }

    /**
     * Starts an optimiser with DJL's defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns how many steps the most often updated parameter has taken, t.
     *
     * @return the steps, those before a resume included
     */
    public int getUpdates() {
        return updates;
    }

    /** {@inheritDoc} */
    @Override
    protected int updateCount(String parameterId) {
        int count = counts.merge(parameterId, begin + 1, (old, first) -> old + 1);
        updates = Math.max(updates, count);
        return updates;
    }

    /** {@inheritDoc} */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        int t = updateCount(parameterId);
        float rate = learningRateTracker.getNewValue(parameterId, t);
        double coef1 = 1.0 - Math.pow(beta1, t);
        double coef2 = 1.0 - Math.pow(beta2, t);
        float corrected = (float) (rate * Math.sqrt(coef2) / coef1);
        if (!Float.isFinite(corrected)) {
            throw new IllegalArgumentException(
                    "The learning rate of update " + t + " must be finite but is " + rate);
        }
        NDArray mean = moment(means, parameterId, weight);
        NDArray variance = moment(variances, parameterId, weight);
        weight.getNDArrayInternal()
                .adamUpdate(
                        new NDList(weight, grad, mean, variance),
                        new NDList(weight),
                        rate,
                        corrected,
                        getWeightDecay(),
                        rescaleGrad,
                        clipGrad,
                        beta1,
                        beta2,
                        epsilon,
                        true,
                        false);
    }

    private NDArray moment(
            Map<String, Map<Device, NDArray>> moments, String parameterId, NDArray weight) {
        return withDefaultState(moments, parameterId, weight.getDevice(), k -> weight.zerosLike());
    }

    /** The moments m and v of a parameter, one after the other, or null before its first step. */
    float[][] getMoments(Parameter parameter) {
        String id = parameter.getId();
        return means.containsKey(id)
                ? new float[][] {floats(means.get(id)), floats(variances.get(id))}
                : null;
    }

    private static float[] floats(Map<Device, NDArray> byDevice) {
        try (NDArray floats = byDevice.values().iterator().next().toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }

    /** Goes on from saved moments, m and v of each parameter. */
    void resume(int steps, Map<Parameter, float[][]> saved) {
        close();
        begin = steps;
        updates = steps;
        saved.forEach(
                (parameter, values) -> {
                    resume(means, parameter, values[0]);
                    resume(variances, parameter, values[1]);
                });
    }

    private void resume(
            Map<String, Map<Device, NDArray>> moments, Parameter parameter, float[] values) {
        NDArray array = parameter.getArray();
        withDefaultState(
                moments,
                parameter.getId(),
                array.getDevice(),
                k ->
                        array.getManager()
                                .create(values, array.getShape())
                                .toType(array.getDataType(), false));
    }

    /** Frees the moments; the next step starts them anew. */
    @Override
    public void close() {
        for (Map<String, Map<Device, NDArray>> moments : List.of(means, variances)) {
            moments.values().forEach(byDevice -> byDevice.values().forEach(NDArray::close));
            moments.clear();
        }
        counts.clear();
    }

    /** Builds an {@link Adam}. */
    public static final class Builder extends OptimizerBuilder<Builder> {

        private ParameterTracker learningRateTracker = Tracker.fixed(0.001f);
        private float beta1 = 0.9f;
        private float beta2 = 0.999f;
        private float epsilon = 1e-8f;
        private int begin;

        private Builder() {}

        /** {@inheritDoc} */
        @Override
        protected Builder self() {
            return this;
        }

        /** {@inheritDoc} */
        @Override
        public Builder optBeginNumUpdate(int steps) {
            begin = steps;
            return this;
        }

        /**
         * Sets the learning rate η.
         *
         * @param tracker gives it for each step
         * @return this builder
         */
        public Builder optLearningRateTracker(ParameterTracker tracker) {
            learningRateTracker = tracker;
            return this;
        }

        /**
         * Sets the decay of the first moment.
         *
         * @param decay β₁
         * @return this builder
         */
        public Builder optBeta1(float decay) {
            beta1 = decay;
            return this;
        }

        /**
         * Sets the decay of the second moment.
         *
         * @param decay β₂
         * @return this builder
         */
        public Builder optBeta2(float decay) {
            beta2 = decay;
            return this;
        }

        /**
         * Sets what keeps the division from zero.
         *
         * @param small ε
         * @return this builder
         */
        public Builder optEpsilon(float small) {
            epsilon = small;
            return this;
        }

        /**
         * Builds the optimiser.
         *
         * @return the optimiser
         */
        public Adam build() {
            return new Adam(this);
        }
    }
}
