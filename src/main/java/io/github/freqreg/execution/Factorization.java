package io.github.freqreg.execution;

import java.util.List;

/** Which channel axes of a layer's weight stay in the frequency domain while the layer computes. */
public enum Factorization {
    /** Neither: the dense weight is rebuilt. */
    REBUILD,
    /** The input's: its channels are projected onto frequencies before the layer. */
    PROJECT,
    /** The output's: the layer computes frequencies, which are expanded to channels after it. */
    EXPAND,
    /** Both. */
    PROJECT_AND_EXPAND;

    /** All ways that do not rebuild the weight. */
    static final List<Factorization> FACTORED = List.of(PROJECT_AND_EXPAND, PROJECT, EXPAND);

    /** All ways; of equally cheap ones, the first is taken. */
    static final List<Factorization> ALL = List.of(values());

    /**
     * Returns whether the input's channels are projected onto frequencies.
     *
     * @return whether the layer computes with projected inputs
     */
    public boolean projects() {
        return this == PROJECT || this == PROJECT_AND_EXPAND;
    }

    /**
     * Returns whether the output's channels are expanded from frequencies.
     *
     * @return whether the layer's results are expanded
     */
    public boolean expands() {
        return this == EXPAND || this == PROJECT_AND_EXPAND;
    }
}
