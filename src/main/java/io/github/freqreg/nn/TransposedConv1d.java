package io.github.freqreg.nn;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv1dTranspose;

/**
 * Transposed convolution over sequences. It replaces DJL's {@code Conv1dTranspose}, whose forward
 * pass DJL's PyTorch engine does not implement.
 *
 * <p>The input is (batch, channels, width), the output (batch, filters, width) with extents
 *
 * <pre>
 * (in - 1) · stride - 2 · padding + dilation · (kernel - 1) + outPadding + 1
 * </pre>
 *
 * <p>The weight has the shape (channels, filters / groups, kernel…), as in PyTorch, so weights of a
 * PyTorch layer can be copied unchanged. The layer is computed as a sub-pixel convolution.
 */
public final class TransposedConv1d extends TransposedConvolution {

    private TransposedConv1d(Builder builder) {
        super(builder, "NCW");
    }

    /**
     * Creates a builder.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Converts a layer of DJL with its options and, if it is initialised, its parameters.
     *
     * <p>The first two axes of the weight are swapped within each group, because DJL's weight has
     * the shape (filters, channels / groups, kernel…).
     *
     * @param layer the layer to convert, which is not changed
     * @return an equivalent layer
     * @throws IllegalStateException if the private fields of DJL's layer are not accessible
     */
    public static TransposedConv1d of(Conv1dTranspose layer) {
        TransposedConv1d converted = withOptions(layer, builder()).build();
        converted.copyParameters(layer);
        return converted;
    }

    /** Builds a {@link TransposedConv1d}. */
    public static final class Builder extends DeconvolutionBuilder<Builder> {

        private Builder() {
            stride = new Shape(1);
            padding = new Shape(0);
            outPadding = new Shape(0);
            dilation = new Shape(1);
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
         * @throws IllegalArgumentException if the kernel shape or the number of filters is not set
         */
        public TransposedConv1d build() {
            validate();
            return new TransposedConv1d(this);
        }
    }
}
