package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParameterList;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Takes the place of a {@code BatchNorm} after a factored convolution, and is fused with it, see
 * {@link FusedNorm}. It has the parameters of the original and is saved like it.
 */
final class FusedBatchNorm extends AbstractBaseBlock {

    private final BatchNorm original;

    /**
     * Replaces a block.
     *
     * @param original a block that can be fused
     */
    FusedBatchNorm(BatchNorm original) {
        this.original = original;
        if (original.isInitialized()) {
            beforeInitialize(original.getInputShapes());
        }
    }

    /** Returns the block that this one replaces. */
    BatchNorm getOriginal() {
        return original;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return FusedNorm.forward(original, parameterStore, inputs, training)
                .orElseGet(() -> original.forward(parameterStore, inputs, training, params));
    }

    /** {@inheritDoc} */
    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... shapes) {
        beforeInitialize(shapes);
        original.initialize(manager, dataType, shapes);
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        original.clear();
    }

    /** {@inheritDoc} */
    @Override
    public BlockList getChildren() {
        return original.getChildren();
    }

    /** {@inheritDoc} */
    @Override
    public ParameterList getDirectParameters() {
        return original.getDirectParameters();
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
        return original.getOutputShapes(shapes);
    }

    /** {@inheritDoc} */
    @Override
    public void saveParameters(DataOutputStream os) throws IOException {
        original.saveParameters(os);
    }

    /** {@inheritDoc} */
    @Override
    public void loadParameters(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        original.loadParameters(manager, is);
        if (original.isInitialized()) {
            beforeInitialize(original.getInputShapes());
        }
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return original.toString();
    }
}
