package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.OptionalInt;

/**
 * From which weights tensors start.
 *
 * @param balance of fresh tensors without a seed
 * @param seed of the first tensor with a seeded start; nothing if no tensor has one
 */
record StartRules(BalancedStart balance, OptionalInt seed) {

    /** Rules that find the balance of fresh tensors, without a seed. */
    static final StartRules FOUND =
            new StartRules(new BalancedStart(OptionalInt.empty()), OptionalInt.empty());

    /** Returns these rules with a fixed number of rounds of balancing. */
    StartRules balanced(int rounds) {
        return new StartRules(
                new BalancedStart(OptionalInt.of(BalancedStart.checkRounds(rounds))), seed);
    }

    /** Returns these rules with seeded starts. */
    StartRules seeded(int first) {
        return new StartRules(balance, OptionalInt.of(first));
    }

    /** Returns the published method, except for what was set. */
    StartRules paper() {
        return balance.fixed().isPresent() ? this : balanced(0);
    }

    /**
     * Makes the specification of a tensor.
     *
     * <p>Vectors have no seeded start. Their initial values, such as a scale of 1, are a low
     * frequency.
     *
     * @param tensor that is wrapped
     * @param place of the tensor among those that the policy wraps, from 0
     * @param depth how many weights of the network are wrapped
     * @param shape of the tensor
     * @param axes along which it is transformed
     * @param start the number of coefficients with which it starts
     * @param target the number with which truncation ends
     */
    TensorSpec spec(
            PlannedTensor tensor,
            int place,
            int depth,
            Shape shape,
            FrequencyAxes axes,
            long start,
            long target) {
        if (seed.isPresent() && shape.dimension() > 1) {
            return new TensorSpec(start, target, axes.seeded(seed.getAsInt() + place), 0);
        }
        return new TensorSpec(start, target, axes, balance.rounds(tensor.layer(), start, depth));
    }
}
