package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * Rounding with a straight-through gradient: values are rounded, gradients pass as if they were
 * not.
 *
 * @see <a href="https://arxiv.org/abs/1308.3432">Estimating or Propagating Gradients Through
 *     Stochastic Neurons for Conditional Computation</a>
 */
final class StraightThrough {

    private StraightThrough() {}

    /**
     * Rounds an array to multiples of a step.
     *
     * @param array in the gradient graph or not
     * @param step the step, above 0
     * @param scratch the manager of the result
     */
    static NDArray round(NDArray array, float step, NDManager scratch) {
        try (NDManager temporary = scratch.newSubManager()) {
            NDArray plain = array.stopGradient();
            plain.attach(temporary);
            NDArray change = plain.div(step).round().mul(step).sub(plain);
            // The sum keeps no Java number in the graph, unlike a product with the step.
            change.attach(scratch);
            NDArray rounded = array.add(change);
            rounded.attach(scratch);
            return rounded;
        }
    }
}
