package io.github.freqreg.execution;

/** What became of the output maps of a factored convolution. */
enum MapUse {
    /** All channels were stored. */
    STORED,
    /** All channels were stored, and blocks that follow were computed with the layer. */
    FUSED,
    /** The channels were projected for the next layer, and never stored. */
    PROJECTED
}
