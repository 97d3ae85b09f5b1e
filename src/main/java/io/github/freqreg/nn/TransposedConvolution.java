package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.LayoutType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Deconvolution;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * What the transposed convolutions have in common: all but the number of axes.
 *
 * <p>The weight has PyTorch's shape (channels, filters / groups, kernel…), where DJL's has
 * (filters, channels / groups, kernel…).
 */
abstract class TransposedConvolution extends Deconvolution {

    private final String layout;

    /** Makes a layer for inputs of a layout such as NCHW. */
    TransposedConvolution(DeconvolutionBuilder<?> builder, String layout) {
        super(builder);
        this.layout = layout;
    }

    /** {@inheritDoc} */
    @Override
    protected LayoutType[] getExpectedLayout() {
        return LayoutType.fromValue(getStringLayout());
    }

    /** {@inheritDoc} */
    @Override
    protected String getStringLayout() {
        return layout;
    }

    /** {@inheritDoc} */
    @Override
    protected int numDimensions() {
        return layout.length();
    }

    /** {@inheritDoc} */
    @Override
    protected void prepare(Shape[] inputs) {
        long channels = inputs[0].get(1);
        if (channels % groups != 0 || filters % groups != 0) {
            throw new IllegalArgumentException(
                    "Expected channels and filters that are multiples of the "
                            + groups
                            + " groups but found "
                            + channels
                            + " and "
                            + filters);
        }
        super.prepare(inputs);
        weight.setShape(new Shape(channels, filters / groups).addAll(kernelShape));
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray input = inputs.singletonOrThrow();
        Device device = input.getDevice();
        Shape output = getOutputShapes(new Shape[] {input.getShape()})[0];
        return new NDList(
                SubPixel.transposed(
                        input,
                        parameterStore.getValue(weight, device, training),
                        parameterStore.getValue(bias, device, training),
                        stride,
                        padding,
                        dilation,
                        groups,
                        output.slice(2).getShape()));
    }
}
