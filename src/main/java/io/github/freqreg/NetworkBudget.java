package io.github.freqreg;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import io.github.freqreg.WrapPlan.Candidate;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.SplitAxes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Shares a budget of numbers or bytes over a whole network: what the parameters left alone need is
 * taken away first, and {@link BudgetShares} shares the rest.
 *
 * <p>How many numbers a {@link RunningStatistic} right behind a fresh layer will be follows from
 * the layer's share. The more coefficients the layers have, the more the statistics are, so the
 * rest that fits is found by halving.
 */
final class NetworkBudget {

    /** Bytes of a float16, as parameters left alone are stored. */
    private static final int BYTES_LEFT_ALONE = 2;

    /**
     * One part in so many of a budget may go to biases and the like before these are compressed.
     */
    private static final int LARGEST_PART = 8;

    /** How many of the parameters left alone a message names. */
    private static final int NAMED = 3;

    /** Bits that a coefficient takes where bytes are few; more of them would be too coarse. */
    private static final int BITS = 4;

    /** The same in an embedding's table, where most words say little: more numbers learn more. */
    private static final int BITS_OF_TABLE = 2;

    private final WrapPlan plan;
    private final BiFunction<Candidate, Shape, FrequencyAxes> axes;
    private final long budget;
    private final boolean bytes;
    private final List<Statistic> statistics = new ArrayList<>();
    private final List<WrapPlan.Listed> others = new ArrayList<>();
    private final long leftAlone;

    /**
     * Takes a network.
     *
     * @param plan what of it is wrapped
     * @param axes of each chosen tensor
     * @param budget how much the whole network may have
     * @param bytes whether these are bytes, rather than numbers
     */
    NetworkBudget(
            WrapPlan plan,
            BiFunction<Candidate, Shape, FrequencyAxes> axes,
            long budget,
            boolean bytes) {
        this.plan = plan;
        this.axes = axes;
        this.budget = budget;
        this.bytes = bytes;
        Map<Block, Candidate> weights = new IdentityHashMap<>();
        plan.getAllChosen().stream()
                .filter(this::limitsStatistics)
                .forEach(weight -> weights.put(weight.owner(), weight));
        Map<Block, Block> before = BlockTree.before(plan.getRoot());
        for (WrapPlan.Listed each : plan.getAll()) {
            Candidate weight = weights.get(before.get(each.candidate().owner()));
            if (isOf(each.candidate(), weight)) {
                statistics.add(new Statistic(each, weight));
            } else if (!each.choice().regularized()) {
                others.add(each);
            }
        }
        leftAlone = others.stream().mapToLong(NetworkBudget::size).sum();
    }

    private static long size(WrapPlan.Listed each) {
        return each.candidate().shape().size();
    }

    /**
     * Plans what of a network takes part in a budget: its weights, and all that is trained where
     * the rest would take more than an eighth of the budget whole.
     *
     * @param block the network
     * @param weights chooses its weights
     * @param trained chooses all that is trained, or the same
     * @param budget how much the whole network may have
     * @param bytes whether these are bytes, rather than numbers
     * @return the plan; that of the weights while shapes are not known
     */
    static WrapPlan plan(
            Block block,
            TensorSelection weights,
            TensorSelection trained,
            long budget,
            boolean bytes) {
        WrapPlan few = new WrapPlan(block, weights);
        long whole = 0;
        for (WrapPlan.Listed each : few.getAll()) {
            boolean joins =
                    !each.choice().regularized() && trained.choose(each.candidate()).regularized();
            if (joins && each.choice().shape() != null) {
                whole += size(each) * (bytes ? BYTES_LEFT_ALONE : 1);
            }
        }
        return whole * LARGEST_PART > budget ? new WrapPlan(block, trained) : few;
    }

    /** Whether it is a fresh weight whose kept frequencies are all that its channels have. */
    private boolean limitsStatistics(Candidate weight) {
        boolean inParts = weight.owner() instanceof Convolution layer && layer.getGroups() > 1;
        boolean mixesChannels =
                weight.layer() == LayerType.CONVOLUTION && !inParts
                        || weight.layer() == LayerType.TRANSPOSED_CONVOLUTION
                        || weight.layer() == LayerType.LINEAR;
        return mixesChannels
                && weight.parameter().getType() == Parameter.Type.WEIGHT
                && !weight.parameter().isInitialized()
                && channelAxis(weight) >= 0;
    }

    private static int ownChannelAxis(Candidate weight) {
        return weight.layer() == LayerType.TRANSPOSED_CONVOLUTION ? 1 : 0;
    }

    /** The axis of the output's channels among those of the frequencies, or -1. */
    private int channelAxis(Candidate weight) {
        Shape shape = weight.shape();
        SplitAxes split = SplitAxes.of(shape, axes.apply(weight, shape).shape(shape));
        return split.whole(ownChannelAxis(weight));
    }

    /** Not so where a transposed convolution has its channels in parts. */
    private static boolean isOf(Candidate statistic, Candidate weight) {
        return weight != null
                && RunningStatistic.isOne(statistic.parameter())
                && weight.shape().get(ownChannelAxis(weight)) == statistic.shape().size();
    }

    /**
     * Shares the budget.
     *
     * @return the coefficients of each chosen tensor, by name
     * @throws IllegalArgumentException if the budget is too small
     */
    Map<String, Long> share() {
        long least = plan.countChosen();
        long most = Math.max(least, rest(0));
        Map<String, Long> all = share(most);
        if (most <= rest(countStatistics(all))) {
            return all;
        }
        Map<String, Long> shares = share(least);
        checkRest(least, shares);
        while (least < most) {
            long middle = least + (most - least + 1) / 2;
            Map<String, Long> more = share(middle);
            if (middle <= rest(countStatistics(more))) {
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
            long enough =
                    bytes
                            ? whole * BYTES_LEFT_ALONE + (least * BITS + Byte.SIZE - 1) / Byte.SIZE
                            : whole + least;
            throw new IllegalArgumentException(
                    "The budget is "
                            + budget
                            + (bytes ? " bytes" : " numbers")
                            + ", but the parameters left alone have "
                            + whole
                            + (bytes ? " numbers of two bytes" : "")
                            + " and "
                            + least
                            + " tensors need one coefficient each"
                            + largest(shares)
                            + "; or give at least "
                            + enough
                            + " to "
                            + (bytes ? "optBudgetBytes" : "optBudget"));
        }
    }

    /** Names the largest parameters that are left alone, and what changes that. */
    private String largest(Map<String, Long> shares) {
        return Stream.concat(
                        others.stream().map(each -> new InTheWay(each, size(each))),
                        statistics.stream()
                                .map(each -> new InTheWay(each.listed(), count(each, shares))))
                .sorted(Comparator.comparingLong(InTheWay::numbers).reversed())
                .limit(NAMED)
                .map(each -> each.describe(plan))
                .collect(Collectors.joining("; ", ". The largest left alone: ", ""));
    }

    /** The coefficients that there is room for beside numbers of statistics. */
    private long rest(long numbersOfStatistics) {
        long others = leftAlone + numbersOfStatistics;
        return bytes ? (budget - others * BYTES_LEFT_ALONE) * Byte.SIZE / BITS : budget - others;
    }

    private Map<String, Long> share(long coefficients) {
        BudgetShares shares = new BudgetShares();
        for (Candidate candidate : plan.getAllChosen()) {
            Parameter parameter = candidate.parameter();
            shares.add(
                    candidate.name(),
                    candidate.shape(),
                    axes.apply(candidate, candidate.shape()),
                    parameter.isInitialized() ? parameter.getArray() : null,
                    bytes && candidate.layer() == LayerType.EMBEDDING ? BITS / BITS_OF_TABLE : 1);
        }
        return shares.share(coefficients);
    }

    private long countStatistics(Map<String, Long> shares) {
        return statistics.stream().mapToLong(each -> count(each, shares)).sum();
    }

    private long count(Statistic statistic, Map<String, Long> shares) {
        Candidate weight = statistic.weight();
        Shape shape = weight.shape();
        long kept = Math.min(shares.get(weight.name()), shape.size());
        Shape box = axes.apply(weight, shape).mask(shape, kept).getBox();
        long frequencies = box.get(channelAxis(weight));
        Parameter parameter = statistic.listed().candidate().parameter();
        boolean mean = parameter.getType() == Parameter.Type.RUNNING_MEAN;
        return RunningStatistic.count(
                statistic.listed().candidate().shape().size(),
                mean ? Math.max(frequencies, countBias(weight, shares)) : 2 * frequencies - 1);
    }

    /** A bias is part of the mean. */
    private long countBias(Candidate weight, Map<String, Long> shares) {
        return plan.getAll().stream()
                .map(WrapPlan.Listed::candidate)
                .filter(each -> each.owner() == weight.owner())
                .filter(each -> each.parameter().getType() == Parameter.Type.BIAS)
                .mapToLong(each -> shares.getOrDefault(each.name(), each.shape().size()))
                .max()
                .orElse(0);
    }

    /** A running statistic and the weight that it follows. */
    private record Statistic(WrapPlan.Listed listed, Candidate weight) {}

    /** A parameter left alone, and how many numbers of the budget it takes. */
    private record InTheWay(WrapPlan.Listed listed, long numbers) {

        String describe(WrapPlan plan) {
            TensorChoice choice = listed.choice();
            String remedy = plan.getRemedy(listed.candidate());
            return choice.name()
                    + " "
                    + choice.shape()
                    + " has "
                    + numbers
                    + ", "
                    + choice.reason()
                    + (remedy == null ? "" : " (see " + remedy + ")");
        }
    }
}
