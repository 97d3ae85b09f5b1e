package io.github.freqreg.nn;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2dTranspose;

/**
 * Transposed convolution over images, which DJL's {@code Conv2dTranspose} names but its PyTorch
 * engine does not compute.
 *
 * <p>Input (batch, channels, height, width), output (batch, filters, …) with each extent
 *
 * <pre>
 * (in - 1) · stride - 2 · padding + dilation · (kernel - 1) + outPadding + 1
 * </pre>
 *
 * <p>The weight has PyTorch's shape (channels, filters / groups, kernel…), so that PyTorch's
 * numbers can be taken as they are. It is computed as a convolution to sub-pixels, see {@code
 * SubPixel}.
 */
public final class TransposedConv2d extends TransposedConvolution {

    private TransposedConv2d(Builder builder) {
        super(builder, "NCHW");
    }

    /**
     * Starts a layer.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Takes the options of DJL's layer, and its numbers if it is initialised.
     *
     * <p>Its weight has the shape (filters, channels / groups, kernel…); the element of a filter
     * and a channel becomes that of the same ones here.
     *
     * @param layer DJL's layer, which is not changed
     * @return a layer that computes what DJL's would
     * @throws IllegalStateException if DJL's fields are closed to this library
     */
    public static TransposedConv2d of(Conv2dTranspose layer) {
        TransposedConv2d ours = withOptions(layer, builder()).build();
        ours.takeNumbers(layer);
        return ours;
    }

    /** Builds a {@link TransposedConv2d}. */
    public static final class Builder extends DeconvolutionBuilder<Builder> {

        private Builder() {
            stride = new Shape(1, 1);
            padding = new Shape(0, 0);
            outPadding = new Shape(0, 0);
            dilation = new Shape(1, 1);
        }

        /** {@inheritDoc} */
        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Builds the layer.
         *
         * @return the layer
         * @throws IllegalArgumentException if kernel or filters are not set
         */
        public TransposedConv2d build() {
            validate();
            return new TransposedConv2d(this);
        }
    }
}
