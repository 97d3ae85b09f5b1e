package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;

/**
 * How a layer computed a pass, with the expected costs.
 *
 * @param input the shape of the layer's input
 * @param training whether it was a training pass, whose cost includes the backward pass
 * @param factorization which channel axes stayed in the frequency domain
 * @param fused whether blocks that follow were fused with the layer
 * @param nanoseconds the expected cost of the pass, without the optimiser
 * @param dense the expected cost of the plain layer
 */
public record Pick(
        Shape input,
        boolean training,
        Factorization factorization,
        boolean fused,
        double nanoseconds,
        double dense) {

    /** Returns how the layer computed, as text. */
    @Override
    public String toString() {
        String way = fused ? "fused" : "factored";
        return switch (factorization) {
            case REBUILD -> "rebuilt";
            case PROJECT -> way + ", input only";
            case EXPAND -> way + ", output only";
            case PROJECT_AND_EXPAND -> way;
        };
    }
}
