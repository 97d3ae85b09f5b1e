package io.github.freqreg.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;

/**
 * Adam with moments that can be saved. Each update equals that of DJL's Adam.
 *
 * <pre>
 * m = β₁ m + (1 - β₁) g,   v = β₂ v + (1 - β₂) g²
 * w = w - η_t m / (√v + ε),   η_t = η √(1 - β₂ᵗ) / (1 - β₁ᵗ)
 * </pre>
 *
 * @see <a href="https://arxiv.org/abs/1412.6980">Adam: A Method for Stochastic Optimization</a>
 */
public final class Adam extends ResumableOptimizer {

    private static final String MEAN = "mean";
    private static final String VARIANCE = "variance";

    private final float beta1;
    private final float beta2;
    private final float epsilon;

    private Adam(Builder builder) {
        super(builder, MEAN, VARIANCE);
        beta1 = builder.beta1;
        beta2 = builder.beta2;
        epsilon = builder.epsilon;
    }

    /**
     * Creates a builder with DJL's defaults: η = 0.001, β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** {@inheritDoc} */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        int t = updateCount(parameterId);
        float rate = learningRate(parameterId, t);
        double coef1 = 1.0 - Math.pow(beta1, t);
        double coef2 = 1.0 - Math.pow(beta2, t);
        float corrected = (float) (rate * Math.sqrt(coef2) / coef1);
        NDArray mean = moment(MEAN, parameterId, weight);
        NDArray variance = moment(VARIANCE, parameterId, weight);
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

    /**
     * Returns the mean of the second moments of a parameter, or 0 before its first update.
     *
     * @param parameter of the network
     * @param count how many of its numbers are kept; a truncated tail does not count
     */
    double meanSquare(Parameter parameter, long count) {
        float[] squares = getMoments(parameter).get(VARIANCE);
        if (squares == null) {
            return 0;
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += squares[i];
        }
        return sum / count;
    }

    /** Builds an {@link Adam}. */
    public static final class Builder extends ResumableOptimizer.Builder<Builder> {

        private float beta1 = 0.9f;
        private float beta2 = 0.999f;
        private float epsilon = 1e-8f;

        private Builder() {}

        /** {@inheritDoc} */
        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Sets the decay rate β₁ of the first moment.
         *
         * @param decay β₁
         * @return this builder
         */
        public Builder optBeta1(float decay) {
            beta1 = decay;
            return this;
        }

        /**
         * Sets the decay rate β₂ of the second moment.
         *
         * @param decay β₂
         * @return this builder
         */
        public Builder optBeta2(float decay) {
            beta2 = decay;
            return this;
        }

        /**
         * Sets the term ε that keeps the denominator away from zero.
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
