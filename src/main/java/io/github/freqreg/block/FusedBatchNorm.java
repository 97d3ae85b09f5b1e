package io.github.freqreg.block;

import ai.djl.ndarray.NDList;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * Takes the place of a {@code BatchNorm} after a factored convolution, and is fused with it, see
 * {@link FusedNorm}.
 */
final class FusedBatchNorm extends StandInBlock<BatchNorm> {

    /**
     * Replaces a block.
     *
     * @param original a block that can be fused
     */
    FusedBatchNorm(BatchNorm original) {
        super(original);
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return FusedNorm.forward(getOriginal(), parameterStore, inputs, training)
                .orElseGet(() -> getOriginal().forward(parameterStore, inputs, training, params));
    }
}
