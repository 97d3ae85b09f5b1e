package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.execution.LayerExecutor;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How the values are found with which tensors start.
 *
 * @param balance of fresh tensors without another start
 * @param seed of the first tensor with a seeded start; nothing if no tensor has one
 * @param identity which convolutions start at the identity
 * @param small the name of the weight that starts small; nothing if none does
 */
record StartRules(
        BalancedStart balance, OptionalInt seed, Identities identity, Optional<String> small) {

    /**
     * The factor of a final linear layer of which not all is kept. Without it, the initial outputs
     * are far from those of equally likely classes, and the layers before learn more slowly: VGG of
     * width 16 in 4,096 bytes had a training loss of 1.29 after eight epochs, and of 1.26 with this
     * factor.
     */
    private static final float SMALL = 0.1f;

    /** Which convolutions start at the identity, if their shapes allow it. */
    enum Identities {
        /** None. */
        NONE,
        /** Those that no skip connection bypasses. */
        IN_SEQUENCE,
        /** All. */
        ALL
    }

    /** Rules that find the balance of fresh tensors, and which of them start at the identity. */
    static final StartRules FOUND =
            new StartRules(
                    new BalancedStart(OptionalInt.empty()),
                    OptionalInt.empty(),
                    Identities.IN_SEQUENCE,
                    Optional.empty());

    /** Returns these rules with a fixed number of rounds of balancing. */
    StartRules balanced(int rounds) {
        OptionalInt fixed = OptionalInt.of(BalancedStart.checkRounds(rounds));
        return new StartRules(new BalancedStart(fixed), seed, identity, small);
    }

    /** Returns these rules with seeded starts. */
    StartRules seeded(int first) {
        return new StartRules(balance, OptionalInt.of(first), identity, small);
    }

    /** Returns these rules with other convolutions that start at the identity. */
    StartRules identity(Identities which) {
        return new StartRules(balance, seed, which, small);
    }

    /** Returns the rules of the published method, which keep what the user set. */
    StartRules paper() {
        return (balance.fixed().isPresent() ? this : balanced(0)).withoutSequences();
    }

    /**
     * Returns these rules for a network, in which a budget may have to pay for statistics. If at
     * least three weights are wrapped, a final linear layer starts small, unless the user set how
     * fresh tensors are balanced, or a seed.
     */
    StartRules in(NetworkPlan plan, Optional<Budget> budget) {
        StartRules own =
                budget.filter(plan::storesStatistics).isPresent() ? withoutSequences() : this;
        if (balance.fixed().isPresent()
                || seed.isPresent()
                || plan.getDepth() < BalancedStart.LEAST_DEPTH) {
            return own;
        }
        Optional<String> last = plan.getLastWeight().map(PlannedTensor::name);
        return new StartRules(balance, seed, own.identity, last);
    }

    /** Returns these rules with no identity that the user did not ask for. */
    private StartRules withoutSequences() {
        return identity == Identities.IN_SEQUENCE ? identity(Identities.NONE) : this;
    }

    /** Adds to the reason of a choice how a tensor starts. */
    PlannedTensor explain(PlannedTensor tensor) {
        if (!tensor.isChosen() || tensor.tensor().isTrained()) {
            return tensor;
        }
        if (startsAtIdentity(tensor)) {
            return tensor.because("starts at the identity");
        }
        return isSmall(tensor) ? tensor.because("starts small unless all is kept") : tensor;
    }

    private boolean isSmall(PlannedTensor tensor) {
        return small.equals(Optional.of(tensor.name()));
    }

    /** Returns whether a tensor is fresh, of a known shape, and starts at the identity. */
    boolean startsAtIdentity(PlannedTensor tensor) {
        return tensor.tensor().shape() != null
                && !tensor.tensor().isTrained()
                && startsAtIdentity(tensor, tensor.shape());
    }

    /**
     * Returns whether a fresh tensor starts at the identity: if no tensor has a seed, and it is the
     * weight of one of DJL's convolutions, without groups and of a shape that fits.
     */
    private boolean startsAtIdentity(PlannedTensor tensor, Shape shape) {
        boolean chosen =
                identity == Identities.ALL
                        || identity == Identities.IN_SEQUENCE && tensor.isInSequence();
        return chosen
                && seed.isEmpty()
                && tensor.parameter().getType() == Parameter.Type.WEIGHT
                && LayerExecutor.isPlainConvolution(tensor.owner())
                && TensorStart.IDENTITY.fits(shape);
    }

    /** Returns whether more than half of the weights that are wrapped start at the identity. */
    boolean mostlyIdentities(List<PlannedTensor> wrapped) {
        List<PlannedTensor> weights =
                wrapped.stream().filter(each -> each.isChosenWeight() && !each.isVector()).toList();
        long identities = weights.stream().filter(this::startsAtIdentity).count();
        return 2 * identities > weights.size();
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
            return new TensorSpec(start, target, axes.startingAt(random), 0, 1);
        }
        if (place >= 0 && startsAtIdentity(tensor, shape)) {
            return new TensorSpec(start, target, axes.startingAt(TensorStart.IDENTITY), 0, 1);
        }
        int rounds = balance.rounds(tensor.layer(), start, depth);
        boolean damped = isSmall(tensor) && start < shape.size();
        return new TensorSpec(start, target, axes, rounds, damped ? SMALL : 1);
    }
}
