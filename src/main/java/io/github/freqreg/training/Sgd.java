package io.github.freqreg.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * Stochastic gradient descent with a momentum that can be saved. Each update equals that of DJL's
 * SGD.
 *
 * <pre>
 * m = μ m - η (g + λ w),   w = w + m
 * </pre>
 *
 * <p>with η the learning rate, μ the momentum and λ the weight decay.
 */
public final class Sgd extends ResumableOptimizer {

    private static final String MOMENTUM = "momentum";

    private final float momentum;

    private Sgd(Builder builder) {
        super(builder, builder.momentum == 0 ? new String[0] : new String[] {MOMENTUM});
        momentum = builder.momentum;
    }

    /**
     * Creates a builder with DJL's defaults: η = 0.001, no momentum.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** {@inheritDoc} */
    @Override
    public void update(String parameterId, NDArray weight, NDArray grad) {
        float rate = learningRate(parameterId, updateCount(parameterId));
        NDList inputs = new NDList(weight, grad);
        if (momentum != 0) {
            inputs.add(moment(MOMENTUM, parameterId, weight));
        }
        weight.getNDArrayInternal()
                .sgdUpdate(
                        inputs,
                        new NDList(weight),
                        rate,
                        getWeightDecay(),
                        rescaleGrad,
                        clipGrad,
                        momentum,
                        true);
    }

    /** Builds an {@link Sgd}. */
    public static final class Builder extends ResumableOptimizer.Builder<Builder> {

        private float momentum;

        private Builder() {}

        /** {@inheritDoc} */
        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Sets the momentum, by default 0.
         *
         * @param share μ, at least 0 and below 1
         * @return this builder
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder optMomentum(float share) {
            if (!(share >= 0 && share < 1)) {
                throw new IllegalArgumentException(
                        "The momentum must be 0 or more and below 1 but is " + share);
            }
            momentum = share;
            return this;
        }

        /**
         * Builds the optimiser.
         *
         * @return the optimiser
         */
        public Sgd build() {
            return new Sgd(this);
        }
    }
}
