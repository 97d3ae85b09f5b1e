package io.github.freqreg.execution;

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
    FUSED
}
