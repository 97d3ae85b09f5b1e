package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How the values are found with which tensors start.
 *
 * @param balance of fresh tensors without another start
 * @param seed of the first tensor with a seeded start; nothing if no tensor has one
 * @param identity whether convolutions start at the identity; nothing if only those do around which
 *     no shortcut leads
 */
record StartRules(BalancedStart balance, OptionalInt seed, Optional<Boolean> identity) {

    /** Rules that find the balance of fresh tensors, and which of them start at the identity. */
    static final StartRules FOUND =
            new StartRules(
                    new BalancedStart(OptionalInt.empty()), OptionalInt.empty(), Optional.empty());

    /** Returns these rules with a fixed number of rounds of balancing. */
    StartRules balanced(int rounds) {
        OptionalInt fixed = OptionalInt.of(BalancedStart.checkRounds(rounds));
        return new StartRules(new BalancedStart(fixed), seed, identity);
    }

    /** Returns these rules with seeded starts. */
    StartRules seeded(int first) {
        return new StartRules(balance, OptionalInt.of(first), identity);
    }

    /** Returns these rules with the identity as the start of all convolutions, or of none. */
    StartRules identity(boolean all) {
        return new StartRules(balance, seed, Optional.of(all));
    }

    /** Returns the rules of the published method, which keep what the user set. */
    StartRules paper() {
        StartRules unbalanced = balance.fixed().isPresent() ? this : balanced(0);
        return identity.isPresent() ? unbalanced : unbalanced.identity(false);
    }

    /** Adds to the reason of a choice that a tensor starts at the identity. */
    PlannedTensor explain(PlannedTensor tensor) {
        return tensor.isChosen() && startsAtIdentity(tensor)
                ? tensor.because("starts at the identity")
                : tensor;
    }

    /** Returns whether a tensor is fresh, of a known shape, and starts at the identity. */
    boolean startsAtIdentity(PlannedTensor tensor) {
        return tensor.tensor().shape() != null
                && !tensor.tensor().isTrained()
                && startsAtIdentity(tensor, tensor.shape());
    }

    /**
     * Returns whether a fresh tensor starts at the identity: if no tensor has a seed, and it is the
     * weight of a convolution and of a shape that fits.
     *
     * @param tensor that is wrapped
     * @param shape of the tensor
     */
    private boolean startsAtIdentity(PlannedTensor tensor, Shape shape) {
        return seed.isEmpty()
                && identity.orElse(tensor.isInSequence())
                && tensor.layer() == LayerType.CONVOLUTION
                && tensor.parameter().getType() == Parameter.Type.WEIGHT
                && TensorStart.IDENTITY.fits(shape);
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
            TensorStart random = new TensorStart.Seeded(seed.getAsInt() + place);
            return new TensorSpec(start, target, axes.startingAt(random), 0);
        }
        if (place >= 0 && startsAtIdentity(tensor, shape)) {
            return new TensorSpec(start, target, axes.startingAt(TensorStart.IDENTITY), 0);
        }
        return new TensorSpec(start, target, axes, balance.rounds(tensor.layer(), start, depth));
    }
}
