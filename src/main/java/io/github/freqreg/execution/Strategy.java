package io.github.freqreg.execution;

import java.util.List;
import java.util.stream.Stream;

/** How a wrapped layer computes with its coefficients. Results differ by rounding only. */
public enum Strategy {
    /**
     * The way that the cost model expects to be the fastest for the layer, its input and the kind
     * of pass. Factored layers are fused as with {@link #FUSED}.
     */
    AUTO,
    /** The dense weight is rebuilt, and the layer computes with it. */
    REBUILD,
    /**
     * The dense weight is not rebuilt: the input channels are projected onto the kept frequencies,
     * the layer runs on these, and its results are expanded to the output channels. In a
     * convolution, a channel axis that is split is rebuilt. The whole weight is rebuilt if both
     * channel axes are split, if it has a seeded start, or if it starts at the identity and the
     * layer has a stride, or outputs of another size than its inputs.
     */
    FACTORED,
    /**
     * Like {@link #FACTORED}. In addition, batch normalisation that follows the layer is computed
     * from its frequencies, and if the next layer is factored, too, the channels between them are
     * not stored. Inference also fuses a ReLU, which is applied tile by tile between the
     * frequencies of both layers; in training, a ReLU stores all channels, unless a max pooling
     * follows, which is then computed first. A layer that starts at the identity is not fused.
     */
    FUSED;

    private static final String PROPERTY = "freqreg.strategy";

    /**
     * Returns the strategy that the system property {@code freqreg.strategy} names.
     *
     * @return the strategy, {@link #AUTO} if the property is not set
     * @throws IllegalArgumentException if it names none
     */
    public static Strategy getDefault() {
        String name = System.getProperty(PROPERTY, AUTO.name());
        return Stream.of(values())
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "The system property "
                                                + PROPERTY
                                                + " must be one of "
                                                + List.of(values())
                                                + " but is "
                                                + name));
    }
}
