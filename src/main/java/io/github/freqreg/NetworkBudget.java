package io.github.freqreg;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.WrapPlan.Candidate;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.SplitAxes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Shares a budget of numbers or bytes over a whole network: what the parameters left alone need is
 * taken away first, and {@link BudgetShares} shares the rest.
 *
 * <p>How many numbers a {@link RunningStatistic} of a fresh network will be follows from the shares
 * themselves. The more coefficients the layers before it have, the more it needs, so the rest that
 * fits is found by halving.
 */
final class NetworkBudget {

    /** Bytes of a float16, as parameters left alone are stored. */
    private static final int BYTES_LEFT_ALONE = 2;

    /** Bits that a coefficient takes where bytes are few; more of them would be too coarse. */
    private static final int BITS = 4;

    private final WrapPlan plan;
    private final Function<Candidate, FrequencyAxes> axes;
    private final List<Statistic> statistics = new ArrayList<>();
    private long leftAlone;

    /**
     * Takes a network.
     *
     * @param plan what of it is wrapped
     * @param axes of each chosen tensor
     */
    NetworkBudget(WrapPlan plan, Function<Candidate, FrequencyAxes> axes) {
        this.plan = plan;
        this.axes = axes;
        Candidate weight = null;
        for (Candidate candidate : plan.getAll()) {
            Shape shape = candidate.parameter().getShape();
            if (plan.isChosen(candidate)) {
                weight = shape.dimension() > 1 ? candidate : weight;
            } else if (follows(weight, candidate)) {
                statistics.add(new Statistic(candidate.parameter(), weight));
            } else {
                leftAlone += shape.size();
            }
        }
    }

    /** Whether this is a statistic of what a fresh layer answers. */
    private static boolean follows(Candidate weight, Candidate candidate) {
        return weight != null
                && RunningStatistic.is(candidate.parameter())
                && !weight.parameter().isInitialized()
                && channels(weight) == candidate.parameter().getShape().size();
    }

    private static int channelAxis(Candidate weight) {
        return weight.layer() == LayerType.TRANSPOSED_CONVOLUTION ? 1 : 0;
    }

    private static long channels(Candidate weight) {
        return weight.parameter().getShape().get(channelAxis(weight));
    }

    /**
     * Shares the budget.
     *
     * @param budget how much the whole network may have
     * @param bytes whether these are bytes, rather than numbers
     * @return the coefficients of each chosen tensor, by name
     * @throws IllegalArgumentException if the budget is too small
     */
    Map<String, Long> share(long budget, boolean bytes) {
        long most = rest(budget, bytes, statistics.size());
        long least = plan.countChosen();
        if (most < least) {
            throw new IllegalArgumentException(
                    "The budget is "
                            + budget
                            + (bytes ? " bytes" : " numbers")
                            + ", but the parameters left alone have "
                            + (leftAlone + statistics.size())
                            + " and "
                            + plan.countChosen()
                            + " tensors need one coefficient each");
        }
        if (statistics.isEmpty()) {
            return share(most);
        }
        while (least < most) {
            long middle = least + (most - least + 1) / 2;
            if (middle <= rest(budget, bytes, countStatistics(share(middle)))) {
                least = middle;
            } else {
                most = middle - 1;
            }
        }
        return share(least);
    }

    /** The coefficients that there is room for beside numbers of statistics. */
    private long rest(long budget, boolean bytes, long numbersOfStatistics) {
        long others = leftAlone + numbersOfStatistics;
        return bytes ? (budget - others * BYTES_LEFT_ALONE) * Byte.SIZE / BITS : budget - others;
    }

    private Map<String, Long> share(long coefficients) {
        BudgetShares shares = new BudgetShares();
        for (Candidate candidate : plan.getAllChosen()) {
            Parameter parameter = candidate.parameter();
            shares.add(
                    candidate.name(),
                    parameter.getShape(),
                    axes.apply(candidate),
                    parameter.isInitialized() ? parameter.getArray() : null);
        }
        return shares.share(coefficients);
    }

    private long countStatistics(Map<String, Long> shares) {
        return statistics.stream().mapToLong(each -> count(each, shares)).sum();
    }

    private long count(Statistic statistic, Map<String, Long> shares) {
        Candidate weight = statistic.weight();
        Shape shape = weight.parameter().getShape();
        long kept = Math.min(shares.get(weight.name()), shape.size());
        FrequencyAxes along = axes.apply(weight);
        Shape box = along.mask(shape, kept).getBox();
        long frequencies = SplitAxes.of(shape, along.shape(shape)).size(channelAxis(weight), box);
        boolean mean = statistic.parameter().getType() == Parameter.Type.RUNNING_MEAN;
        return RunningStatistic.count(
                statistic.parameter().getShape().size(),
                mean ? Math.max(frequencies, countBias(weight, shares)) : 2 * frequencies - 1);
    }

    /** A bias is part of the mean. */
    private long countBias(Candidate weight, Map<String, Long> shares) {
        Block owner = weight.owner();
        return plan.getAll().stream()
                .filter(each -> each.owner() == owner)
                .filter(each -> each.parameter().getType() == Parameter.Type.BIAS)
                .mapToLong(
                        each ->
                                shares.getOrDefault(
                                        each.name(), each.parameter().getShape().size()))
                .max()
                .orElse(0);
    }

    /** A running statistic and the weight that it follows. */
    private record Statistic(Parameter parameter, Candidate weight) {}
}
