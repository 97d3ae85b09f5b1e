package io.github.freqreg.execution;

import java.util.List;
import java.util.stream.Stream;

/** How a wrapped layer computes with its coefficients. The answer is the same, up to rounding. */
public enum Strategy {
    /**
     * What the cost model expects to be the fastest for the layer, its input and the pass; factored
     * layers are fused.
     */
    AUTO,
    /** The weight is rebuilt, and the layer computes with it. */
    REBUILD,
    /**
     * The weight is never built: the input's channels are projected onto the kept frequencies, the
     * layer computes between them, and the answer is expanded to the output's channels. Channels
     * whose axis is split are rebuilt; where both are, the weight is.
     */
    FACTORED,
    /**
     * Factored; and at inference, batch statistics and ReLU that follow the layer are applied
     * between its frequencies and the next layer's, tile by tile, so that maps of all channels are
     * stored only where something else needs them.
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
