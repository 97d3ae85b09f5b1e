package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.ParameterList;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Does what {@link CalledLayer} does, for fields of the class {@code Conv2d}. It has no parameters
 * of its own.
 */
final class CalledConv2d extends Conv2d implements StandIn {

    private final Conv2d original;
    private final FactoredLayer factored;

    /**
     * Replaces a layer.
     *
     * @param original the layer
     * @param factored computes it without its dense weight
     */
    CalledConv2d(Conv2d original, FactoredLayer factored) {
        super(Conv2d.builder().setFilters(1).setKernelShape(new Shape(1, 1)));
        this.original = original;
        this.factored = factored;
    }

    /** {@inheritDoc} */
    @Override
    public Conv2d getOriginal() {
        return original;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        return factored.call(parameterStore, inputs, training, params);
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
    public ParameterList getDirectParameters() {
        return original.getDirectParameters();
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getInputShapes() {
        return original.getInputShapes();
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
        return original.getOutputShapes(inputs);
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
