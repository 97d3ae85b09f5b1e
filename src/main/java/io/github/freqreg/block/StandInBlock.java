package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParameterList;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Delegates to the block whose place it takes, except for what it computes in another way. It shows
 * the children and the parameters of the original, and is saved like it.
 *
 * @param <B> the class of the original
 */
abstract class StandInBlock<B extends Block> extends AbstractBaseBlock implements StandIn {

    private final B original;

    /**
     * Replaces a block.
     *
     * @param original the block
     */
    StandInBlock(B original) {
        this.original = original;
    }

    /** {@inheritDoc} */
    @Override
    public final B getOriginal() {
        return original;
    }

    /** {@inheritDoc} */
    @Override
    public void initialize(NDManager manager, DataType dataType, Shape... shapes) {
        original.initialize(manager, dataType, shapes);
    }

    /** {@inheritDoc} */
    @Override
    public boolean isInitialized() {
        return original.isInitialized();
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getInputShapes() {
        return original.getInputShapes();
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
    public PairList<String, Shape> describeInput() {
        return original.describeInput();
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
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return original.toString();
    }
}
