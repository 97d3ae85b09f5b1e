package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import io.github.freqreg.block.ChildBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.TooFewBytesException;
import io.github.freqreg.spectrum.SplitAxes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Divides a budget among the tensors of a network.
 *
 * <p>Parameters that are not wrapped are paid first. {@link BudgetShares} divides the rest among
 * the chosen tensors. A file stores the running statistics behind a wrapped layer as few
 * coefficients; their number grows with the number of the layer's coefficients. So the largest rest
 * for which everything fits is found by bisection.
 */
final class NetworkBudget {

    /** Up to this part of a budget, parameters are few. */
    static final double FEW = 1.0 / 8;

    /**
     * The largest part of a budget that vectors may take and be kept whole where channels have no
     * order.
     */
    private static final double FEW_WITHOUT_ORDER = 1.0 / 2;

    /** How many of the parameters that are not wrapped a message names. */
    private static final int NAMED = 3;

    private final NetworkPlan plan;
    private final AxesRules axes;
    private final Budget budget;
    private final BudgetShares.Rule rule;
    private final Optional<PlannedTensor> lastBias;
    private final List<Statistic> statistics = new ArrayList<>();
    private final List<PlannedTensor> others = new ArrayList<>();
    private final Set<Block> folding;
    private final long leftAlone;
    private final long all;
    private final long most;

    /**
     * Whether fresh vectors keep all coefficients: because they are few, or because channels behind
     * seeded weights and identities have no order, so that no frequency of a vector is low.
     */
    private final boolean vectorsAreWhole;

    /**
     * Prepares to divide a budget.
     *
     * @param plan which of its tensors are wrapped
     * @param axes along which axes they are transformed
     * @param budget of the whole network
     * @param rule how a fresh network shares it
     * @param starts from which weights tensors start; with seeds, and where most weights start at
     *     the identity, channels have no order
     */
    NetworkBudget(
            NetworkPlan plan,
            AxesRules axes,
            Budget budget,
            BudgetShares.Rule rule,
            StartRules starts) {
        this.plan = plan;
        this.axes = axes;
        this.budget = budget;
        boolean identities = starts.mostlyIdentities(plan.getChosen());
        boolean equal = rule == BudgetShares.Rule.GROWING && identities;
        this.rule = equal ? BudgetShares.Rule.EQUAL : rule;
        lastBias = lastBias(plan.getChosen());
        Map<Block, PlannedTensor> weights = new IdentityHashMap<>();
        plan.getChosen().stream()
                .filter(each -> starts.seed().isEmpty() && limitsStatistics(each))
                .filter(each -> !starts.startsAtIdentity(each))
                .forEach(weight -> weights.put(weight.owner(), weight));
        Map<Block, Block> before = ChildBlocks.predecessors(plan.getRoot());
        for (PlannedTensor each : plan.getTensors()) {
            PlannedTensor weight = weights.get(before.get(each.owner()));
            if (weight != null && isOf(each, weight)) {
                statistics.add(new Statistic(each, weight));
            } else if (!each.isChosen()) {
                others.add(each);
            }
        }
        folding = plan.foldedBy(budget);
        long vectors =
                plan.getChosen().stream()
                        .filter(PlannedTensor::isVector)
                        .mapToLong(each -> each.shape().size())
                        .sum();
        boolean ordered = starts.seed().isEmpty() && !identities;
        vectorsAreWhole = budget.part(vectors) <= (ordered ? FEW : FEW_WITHOUT_ORDER);
        leftAlone = others.stream().mapToLong(each -> paid(each, each.tensor().numbers())).sum();
        all = plan.getChosen().stream().mapToLong(each -> each.shape().size()).sum();
        most = plan.getChosen().stream().mapToLong(this::most).sum();
    }

    /**
     * Returns whether the outputs of a layer have no other frequencies along the channels than its
     * weight, which is fresh. Groups and an axis that is split add others.
     */
    private boolean limitsStatistics(PlannedTensor weight) {
        boolean grouped = weight.owner() instanceof Convolution layer && layer.getGroups() > 1;
        boolean mixesChannels =
                weight.layer() == LayerType.CONVOLUTION && !grouped
                        || weight.layer() == LayerType.TRANSPOSED_CONVOLUTION
                        || weight.layer() == LayerType.LINEAR;
        return mixesChannels
                && weight.parameter().getType() == Parameter.Type.WEIGHT
                && !weight.tensor().isTrained()
                && channelAxis(weight).isPresent();
    }

    private static int ownChannelAxis(PlannedTensor weight) {
        return weight.layer() == LayerType.TRANSPOSED_CONVOLUTION ? 1 : 0;
    }

    /**
     * Returns the axis of the output's channels among the transformed axes, or nothing if it is
     * split.
     */
    private OptionalInt channelAxis(PlannedTensor weight) {
        Shape shape = weight.shape();
        SplitAxes split = SplitAxes.of(shape, axes.of(weight).shape(shape));
        return split.whole(ownChannelAxis(weight));
    }

    /**
     * Returns whether a tensor is a running mean or variance of the output channels of the layer
     * that owns a weight.
     */
    private static boolean isOf(PlannedTensor statistic, PlannedTensor weight) {
        return statistic.tensor().isRunningStatistic()
                && weight.shape().get(ownChannelAxis(weight)) == statistic.shape().size();
    }

    /**
     * Divides the budget.
     *
     * @return the shares of the chosen tensors
     * @throws IllegalArgumentException if the budget is too small
     */
    Division share() {
        long least = plan.getChosen().size();
        long most = Math.max(least, rest(0));
        Division all = share(most);
        if (most <= rest(countStatistics(all.kept()))) {
            return all;
        }
        Division shares = share(least);
        checkRest(least, shares.kept());
        while (least < most) {
            long middle = least + (most - least + 1) / 2;
            Division more = share(middle);
            if (middle <= rest(countStatistics(more.kept()))) {
                least = middle;
                shares = more;
            } else {
                most = middle - 1;
            }
        }
        return shares;
    }

    private void checkRest(long least, Map<String, Long> shares) {
        long few = countStatistics(shares);
        if (rest(few) < least) {
            long whole = leftAlone + few;
            boolean bytes = budget.unit() == Budget.Unit.BYTES;
            String message =
                    "The budget is "
                            + budget.amount()
                            + " "
                            + budget.unit()
                            + ", but "
                            + (whole == 0 ? "" : leftAlone(whole))
                            + least
                            + " tensors need one coefficient each"
                            + (whole == 0 ? "" : largest(shares))
                            + "; or give at least "
                            + budget.enough(whole, least)
                            + " to "
                            + (bytes ? "optBudgetBytes" : "optBudget");
            throw bytes ? new TooFewBytesException(message) : new IllegalArgumentException(message);
        }
    }

    private String leftAlone(long numbers) {
        return "the parameters left alone have "
                + numbers
                + (budget.unit() == Budget.Unit.BYTES ? " numbers of two bytes" : "")
                + " and ";
    }

    /** Names the largest parameters that are not wrapped, and the settings that would wrap them. */
    private String largest(Map<String, Long> shares) {
        return Stream.concat(
                        others.stream()
                                .map(
                                        each ->
                                                new Unwrapped(
                                                        each, paid(each, each.tensor().numbers()))),
                        statistics.stream()
                                .map(each -> new Unwrapped(each.statistic(), count(each, shares))))
                .filter(each -> each.numbers() > 0)
                .sorted(Comparator.comparingLong(Unwrapped::numbers).reversed())
                .limit(NAMED)
                .map(Unwrapped::describe)
                .collect(Collectors.joining("; ", ". The largest left alone: ", ""));
    }

    /**
     * Returns for how many numbers a tensor that is not wrapped is paid. A file of a number of
     * bytes folds running statistics into a scale and a shift. If these are kept whole, the
     * statistics cost nothing more; otherwise, each is paid like the coefficients that it adds.
     */
    private long paid(PlannedTensor tensor, long numbers) {
        if (!tensor.tensor().isRunningStatistic() || !folding.contains(tensor.owner())) {
            return numbers;
        }
        return vectorsAreWhole ? 0 : Math.min(numbers, budget.leftAloneFor(tensor.shape().size()));
    }

    /** Returns how many of the budget's coefficients a tensor can use. */
    private long most(PlannedTensor tensor) {
        int density = budget.density(tensor.layer());
        return (tensor.shape().size() + density - 1) / density;
    }

    /** Returns how many coefficients there is room for. */
    private long rest(long numbersOfStatistics) {
        return budget.coefficientsBeside(leftAlone + numbersOfStatistics, all, most);
    }

    private Division share(long coefficients) {
        BudgetShares shares = new BudgetShares(rule);
        for (PlannedTensor tensor : plan.getChosen()) {
            int density = budget.density(tensor.layer());
            shares.add(tensor, axes.of(tensor), density, claim(tensor));
        }
        return new Division(shares.share(coefficients), shares.projected());
    }

    private BudgetShares.Claim claim(PlannedTensor tensor) {
        if (!tensor.isVector()) {
            return BudgetShares.Claim.SHARE;
        }
        if (vectorsAreWhole) {
            return BudgetShares.Claim.WHOLE;
        }
        // Its elements belong to the outputs of the network, such as classes, without an order.
        boolean outputs = lastBias.equals(Optional.of(tensor));
        return outputs && rule != BudgetShares.Rule.PAPER
                ? BudgetShares.Claim.SHARE
                : BudgetShares.Claim.FEW;
    }

    /** Returns the bias of the last linear layer, if nothing with parameters follows it. */
    private static Optional<PlannedTensor> lastBias(List<PlannedTensor> chosen) {
        return chosen.isEmpty()
                ? Optional.empty()
                : Optional.of(chosen.get(chosen.size() - 1))
                        .filter(last -> last.layer() == LayerType.LINEAR)
                        .filter(last -> last.parameter().getType() == Parameter.Type.BIAS);
    }

    private long countStatistics(Map<String, Long> shares) {
        return statistics.stream().mapToLong(each -> count(each, shares)).sum();
    }

    private long count(Statistic statistic, Map<String, Long> shares) {
        PlannedTensor weight = statistic.weight();
        Shape shape = weight.shape();
        long kept = Math.min(shares.getOrDefault(weight.name(), 0L), shape.size());
        Shape box = axes.of(weight).mask(shape, kept).getBox();
        long frequencies = box.get(channelAxis(weight).orElseThrow());
        boolean mean = statistic.statistic().parameter().getType() == Parameter.Type.RUNNING_MEAN;
        return paid(
                statistic.statistic(),
                NetworkTensor.storedStatistic(
                        statistic.statistic().shape().size(),
                        mean
                                ? Math.max(frequencies, countBias(weight, shares))
                                : 2 * frequencies - 1));
    }

    /** Returns how many numbers the bias of a layer keeps: it adds its frequencies to the mean. */
    private long countBias(PlannedTensor weight, Map<String, Long> shares) {
        return plan.getTensors().stream()
                .filter(each -> each.owner() == weight.owner())
                .filter(each -> each.parameter().getType() == Parameter.Type.BIAS)
                .mapToLong(each -> shares.getOrDefault(each.name(), each.shape().size()))
                .max()
                .orElse(0);
    }

    /**
     * The shares of the chosen tensors, by name.
     *
     * @param kept how many coefficients each tensor keeps
     * @param projected the coefficients of trained tensors that were computed for it
     */
    record Division(Map<String, Long> kept, Map<String, float[]> projected) {

        static final Division NONE = new Division(Map.of(), Map.of());
    }

    /** A running statistic and the weight that it follows. */
    private record Statistic(PlannedTensor statistic, PlannedTensor weight) {}

    /** A parameter that is not wrapped, and how many numbers of the budget it takes. */
    private record Unwrapped(PlannedTensor tensor, long numbers) {

        String describe() {
            TensorChoice choice = tensor.choice();
            return choice.name()
                    + " "
                    + choice.shape()
                    + " has "
                    + numbers
                    + ", "
                    + choice.reason()
                    + tensor.remedy().map(method -> " (see " + method + ")").orElse("");
        }
    }
}
