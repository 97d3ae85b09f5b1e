package io.github.freqreg.examples.tasks;

import ai.djl.nn.Parameter;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;

/** The parameters of a network that a policy compresses. */
public enum CompressedTensors {
    /** The weights alone, as in the paper; a budget would compress other parameters by default. */
    WEIGHTS {
        /** {@inheritDoc} */
        @Override
        public void choose(FrequencyRegularizationBuilder policy) {
            policy.optLayerTypes(
                            LayerType.CONVOLUTION,
                            LayerType.TRANSPOSED_CONVOLUTION,
                            LayerType.LINEAR)
                    .optParameterTypes(Parameter.Type.WEIGHT);
        }
    },
    /** Weights, biases, and the scale and shift of normalisation layers. */
    ALL {
        /** {@inheritDoc} */
        @Override
        public void choose(FrequencyRegularizationBuilder policy) {
            policy.optLayerTypes(LayerType.values())
                    .optParameterTypes(
                            Parameter.Type.WEIGHT,
                            Parameter.Type.BIAS,
                            Parameter.Type.GAMMA,
                            Parameter.Type.BETA);
        }
    };

    /** Selects the parameters in a policy. */
    public abstract void choose(FrequencyRegularizationBuilder policy);
}
