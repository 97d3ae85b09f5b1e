package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.OptionalInt;

/**
 * How the values are found with which tensors start.
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

    /** Returns the rules of the published method, which keep what the user set. */
    StartRules paper() {
        return balance.fixed().isPresent() ? this : balanced(0);
    }

    /**
     * Makes the specification of a tensor.
     *
     * <p>Only fresh weights of two or more axes get a seeded start: scales and shifts start at 1
     * and 0, which low frequencies hold, and trained weights are not those of a seed.
     *
     * @param tensor that is wrapped
     * @param place of a fresh weight among the weights of the network, from 0; negative for any
     *     other tensor
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
        if (seed.isPresent() && place >= 0 && shape.dimension() > 1) {
            return new TensorSpec(start, target, axes.seeded(seed.getAsInt() + place), 0);
        }
        return new TensorSpec(start, target, axes, balance.rounds(tensor.layer(), start, depth));
    }
}
