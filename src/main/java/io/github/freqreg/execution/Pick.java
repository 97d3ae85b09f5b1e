package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;

/**
 * How a layer computed a pass, and what that was expected to cost.
 *
 * @param input the shape of the layer's input
 * @param training whether the pass was one of training, with a way back
 * @param projected whether the input's channels were projected onto frequencies
 * @param expanded whether the output's channels were expanded from frequencies; if neither, the
 *     weight was rebuilt
 * @param fused whether the blocks that follow were computed with the layer
 * @param nanoseconds what the cost model expects of the pass, optimiser not included
 * @param dense what it expects of the plain layer
 */
public record Pick(
        Shape input,
        boolean training,
        boolean projected,
        boolean expanded,
        boolean fused,
        double nanoseconds,
        double dense) {

    /** Returns how the layer computed, in words. */
    @Override
    public String toString() {
        if (!projected && !expanded) {
            return "rebuilt";
        }
        String way = projected && expanded ? "" : projected ? ", input only" : ", output only";
        return (fused ? "fused" : "factored") + way;
    }
}
