package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.LayoutType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.convolutional.Deconvolution;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.freqreg.ArrayView;
import java.lang.reflect.Field;

/**
 * Transposed convolution over any number of spatial axes.
 *
 * <p>The weight has the shape (channels, filters / groups, kernel…) of PyTorch. DJL's own
 * transposed layers use (filters, channels / groups, kernel…).
 */
abstract class TransposedConvolution extends Deconvolution {

    private final String layout;

    /** Creates a layer for a layout of the input such as NCHW. */
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

    /** Copies the options of a layer of DJL to a builder. */
    static <T extends DeconvolutionBuilder<T>> T withOptions(Deconvolution layer, T builder) {
        builder.setKernelShape(field(layer, "kernelShape", Shape.class));
        builder.setFilters(field(layer, "filters", Integer.class));
        builder.optStride(field(layer, "stride", Shape.class));
        builder.optPadding(field(layer, "padding", Shape.class));
        builder.optOutPadding(field(layer, "outPadding", Shape.class));
        builder.optDilation(field(layer, "dilation", Shape.class));
        builder.optGroups(field(layer, "groups", Integer.class));
        builder.optBias(field(layer, "includeBias", Boolean.class));
        return builder;
    }

    /** Reads a protected field of DJL, which Java lets a subclass read on its own type only. */
    private static <T> T field(Deconvolution layer, String name, Class<T> type) {
        try {
            Field field = Deconvolution.class.getDeclaredField(name);
            field.setAccessible(true);
            return type.cast(field.get(layer));
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    "The field "
                            + name
                            + " of DJL's Deconvolution cannot be read: build a TransposedConv layer"
                            + " instead",
                    e);
        }
    }

    /** Copies initialisers, frozen state and, if initialised, the values of DJL's parameters. */
    void copyParameters(Deconvolution layer) {
        ParameterList theirs = layer.getDirectParameters();
        for (Pair<String, Parameter> own : getDirectParameters()) {
            Parameter their = theirs.get(own.getKey());
            own.getValue().setInitializer(their.getInitializer());
            own.getValue().freeze(!their.requiresGradient());
        }
        if (!layer.isInitialized()) {
            return;
        }
        NDArray weights = theirs.get("weight").getArray();
        NDManager manager = weights.getManager();
        initialize(manager, weights.getDataType(), layer.getInputShapes());
        try (NDManager scratch = manager.newSubManager();
                NDArray detached = weights.stopGradient()) {
            long each = filters / groups;
            Shape rest = detached.getShape().slice(1);
            NDArray grouped =
                    ArrayView.of(detached, scratch).reshape(new Shape(groups, each).addAll(rest));
            write(grouped.swapAxes(1, 2).reshape(weight.getShape()), weight.getArray());
            if (bias != null) {
                write(theirs.get("bias").getArray(), bias.getArray());
            }
        }
    }

    private static void write(NDArray from, NDArray to) {
        boolean trainable = to.hasGradient();
        // PyTorch refuses to write in place to a leaf that requires a gradient.
        to.setRequiresGradient(false);
        // Not copyTo, for which PyTorch prints a warning to standard error.
        to.set(new NDIndex("..."), from);
        to.setRequiresGradient(trainable);
    }
}
