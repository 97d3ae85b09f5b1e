package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;

/**
 * How a layer computed a pass, and what that was expected to cost.
 *
 * @param input the shape of the layer's input
 * @param training whether the pass was one of training, with a way back
 * @param factorization which channel axes stayed in the frequency domain
 * @param fused whether the blocks that follow were computed with the layer
 * @param nanoseconds what the cost model expects of the pass, optimiser not included
 * @param dense what it expects of the plain layer
 */
public record Pick(
        Shape input,
        boolean training,
        Factorization factorization,
        boolean fused,
        double nanoseconds,
        double dense) {

    /** Returns how the layer computed, in words. */
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
