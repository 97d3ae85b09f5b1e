package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.policy.StartRules.Identities;
import io.github.freqreg.spectrum.TensorStart;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Builds a {@link FrequencyRegularization}.
 *
 * <p>One of {@link #optBudgetBytes}, {@link #optBudget}, {@link #optKeepRate} and {@link #optKept}
 * is enough. By default the rest is found: axes from the shapes of the network, the balance of a
 * fresh start from the number of coefficients, and the shares of a budget from the sizes of fresh
 * tensors or the energy of trained ones. Call {@code apply} with the shapes of the inputs, or on an
 * initialised network; otherwise only kernels are recognised. {@link #paper()} selects the
 * published method.
 *
 * <p>All other methods, for experts, override what is found, or choose the tensors. A pattern that
 * selects tensors is a regular expression, found anywhere in the tensor's name, see {@link
 * io.github.freqreg.block.FrequencyBlocks#parameters}. If several patterns of a kind match, the one
 * that was added first counts. A pattern that matches no tensor is an error of {@code apply}.
 */
public final class FrequencyRegularizationBuilder
        extends TensorSelection<FrequencyRegularizationBuilder> {

    private Optional<Budget> budget = Optional.empty();
    private KeepAmount amount = KeepAmount.rate(1);
    private final NamePatterns<KeepAmount> overrides = new NamePatterns<>("override");
    private final NamePatterns<Shape> splits = new NamePatterns<>("split");
    private final NamePatterns<List<Integer>> weights = new NamePatterns<>("axis weights");
    private boolean floors = true;
    private double startRate;
    private StartRules starts = StartRules.FOUND;
    private boolean paper;
    private Optional<Boolean> folded = Optional.empty();
    private Strategy strategy = Strategy.getDefault();

    FrequencyRegularizationBuilder() {}

    /**
     * Selects the published method: tensors are transformed along their own axes with equal weights
     * (the table of an embedding along those of {@link
     * io.github.freqreg.spectrum.FrequencyAxes#ofTable}), fresh tensors are not balanced and the
     * last layer does not start small, a fresh network shares a budget equally, a budget wraps
     * weights alone, running statistics are not folded, and no tensor has a {@linkplain TensorStart
     * start}. Explicit settings still hold.
     *
     * @return this builder
     */
    public FrequencyRegularizationBuilder paper() {
        paper = true;
        return this;
    }

    /**
     * Keeps {@code min(n, max(round(n · rate), floor) + 1)} of the n coefficients of each tensor,
     * as the published code counts.
     *
     * @param rate the keep rate, above 0 and at most 1
     * @return this builder
     * @throws IllegalArgumentException if the rate is out of range
     */
    public FrequencyRegularizationBuilder optKeepRate(double rate) {
        amount = KeepAmount.rate(rate);
        budget = Optional.empty();
        return this;
    }

    /**
     * Keeps the same number of coefficients of each tensor, or all of a smaller tensor.
     *
     * @param kept the kept number, 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public FrequencyRegularizationBuilder optKept(long kept) {
        amount = KeepAmount.count(kept);
        budget = Optional.empty();
        return this;
    }

    /**
     * Sets how many numbers the whole network keeps, with the parameters that are not wrapped.
     *
     * <p>All trained parameters are wrapped, embeddings included; with {@link #paper}, weights
     * alone. Where a class has both layers and parameters of its own, those that are not weights
     * are left alone unless they take more than an eighth of the budget or weights have a
     * {@linkplain #optSeededStart seeded start}. {@link #optLayerTypes} and {@link
     * #optParameterTypes} override this. What is left alone, and what a file stores of running
     * statistics, is subtracted first; the wrapped tensors share the rest. In a trained network,
     * each coefficient goes to the tensor whose relative energy it increases most. In a fresh
     * network, shares grow with the sizes, or are equal if more than half of the weights start at
     * the {@linkplain #optIdentityStart identity}. Vectors are kept whole if they take at most an
     * eighth of the budget (half with a seeded start, or if more than half of the weights start at
     * the identity); otherwise a vector of n elements, except the last linear layer's bias, gets at
     * most √n where few are kept.
     *
     * @param numbers the total, 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public FrequencyRegularizationBuilder optBudget(long numbers) {
        budget = Optional.of(new Budget(numbers, Budget.Unit.NUMBERS));
        return this;
    }

    /**
     * Sets how many bytes a file of the whole network may have.
     *
     * <p>This is a budget of numbers, see {@link #optBudget}, in which a coefficient counts as four
     * bits (fewer where a large part of the network is kept, and half for an embedding table), and
     * any other number as two bytes. {@link io.github.freqreg.training.ByteBudget} and {@link
     * io.github.freqreg.file.Quantization#fit} then make a file of that size.
     *
     * @param bytes of the file, from 1 to 2^30
     * @return this builder
     * @throws IllegalArgumentException if the number is out of range
     */
    public FrequencyRegularizationBuilder optBudgetBytes(long bytes) {
        budget = Optional.of(new Budget(bytes, Budget.Unit.BYTES));
        return this;
    }

    /**
     * Sets the share of all coefficients with which training starts, before truncation. By default
     * training starts at the kept number.
     *
     * @param rate the starting rate, 1 for the paper's own method
     * @return this builder
     * @throws IllegalArgumentException if the rate is out of range
     */
    public FrequencyRegularizationBuilder optStartRate(double rate) {
        KeepAmount.checkRate(rate);
        startRate = rate;
        return this;
    }

    /**
     * Balances the frequencies of fresh tensors (beyond the paper): each frequency of all axes but
     * the first starts with the same energy, and the frequencies of the first axis with similar
     * ones. The variance becomes larger than {@link FrequencyRegularization} states. Then the last
     * layer does not start small, either.
     *
     * @param rounds how often the first axis and the others are scaled in turn, 0 for no balancing.
     *     By default, a quarter of the square root of a tensor's coefficients, from 1 to 10; none
     *     for embeddings and for fewer than three weights
     * @return this builder
     * @throws IllegalArgumentException if the number is not from 0 to 1000
     */
    public FrequencyRegularizationBuilder optBalancedStart(int rounds) {
        starts = starts.balanced(rounds);
        return this;
    }

    /**
     * Gives fresh weights of two or more axes a {@linkplain TensorStart.Seeded seeded start}
     * (beyond the paper): random numbers to which the coefficients are added. A file stores only
     * the seed. Layers compute with rebuilt weights, beside which θ₀ and s stay in memory.
     *
     * @param seed of the network's first weight; each further weight has the next seed
     * @return this builder
     */
    public FrequencyRegularizationBuilder optSeededStart(int seed) {
        starts = starts.seeded(seed);
        return this;
    }

    /**
     * Sets whether fresh convolutions, of DJL's classes and without groups, start at the
     * {@linkplain TensorStart.Identity identity} if their shapes allow it (beyond the paper). Each
     * then passes its input through at first. Without that, the few frequencies that each layer
     * keeps let little through many layers. In networks with skip connections, it lowers accuracy.
     *
     * <p>By default, only convolutions that no skip connection bypasses start there: those that
     * sequential blocks alone contain. The block that is wrapped counts as the whole network. None
     * does if a budget has to pay for running statistics, as {@link #optBudget} and a budget
     * without {@linkplain #optFoldedNormalization folding} do: after such a layer, statistics have
     * all frequencies. A {@linkplain #optSeededStart seeded start} takes precedence.
     *
     * @param all true for all such convolutions, false for none
     * @return this builder
     */
    public FrequencyRegularizationBuilder optIdentityStart(boolean all) {
        starts = starts.identity(all ? Identities.ALL : Identities.NONE);
        return this;
    }

    /**
     * Sets another keep rate for some tensors.
     *
     * @param names the pattern of their names
     * @param rate the keep rate, above 0 and at most 1
     * @return this builder
     * @throws IllegalArgumentException if the rate is out of range
     */
    public FrequencyRegularizationBuilder addOverrideRate(String names, double rate) {
        overrides.add(names, KeepAmount.rate(rate));
        return this;
    }

    /**
     * Sets another kept number for some tensors.
     *
     * @param names the pattern of their names
     * @param kept the kept number, 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public FrequencyRegularizationBuilder addOverrideKept(String names, long kept) {
        overrides.add(names, KeepAmount.count(kept));
        return this;
    }

    /**
     * Transforms some tensors along axes that split their own (beyond the paper).
     *
     * <p>By default, a weight (500, 800) behind 50 maps of 4 by 4 is split as (500, 50, 4, 4) with
     * the weights 1, 2, 3, 3; a split that is set here has equal ones. A shape that does not fit is
     * an error of {@code apply}, or of the initialisation.
     *
     * @param names the pattern of the tensors' names
     * @param shape whose consecutive extents have those of the tensor as products
     * @return this builder
     */
    public FrequencyRegularizationBuilder addSplit(String names, Shape shape) {
        splits.add(names, shape);
        return this;
    }

    /**
     * Sets how much each axis of some tensors counts in the zigzag order (beyond the paper): one of
     * weight 2 keeps half as many frequencies as one of weight 1. By default, kernels have (1, 1,
     * 4, 4). A wrong number is reported like a split shape that does not fit. Without {@link
     * #addSplit}, the axes stay whole: (1, 1) gives an embedding table its own.
     *
     * @param names the pattern of the tensors' names
     * @param axes a weight from 1 to 64 for each axis, or for each of the split shape
     * @return this builder
     */
    public FrequencyRegularizationBuilder addAxisWeights(String names, int... axes) {
        weights.add(names, IntStream.of(axes).boxed().toList());
        return this;
    }

    /**
     * Sets whether quantised files of a fresh network with a budget of bytes fold running
     * statistics into wrapped scales and shifts (beyond the paper): two numbers a channel instead
     * of four. A loaded network gives the same predictions, but is not to be trained further.
     *
     * @param enabled true, the default; false to store running statistics
     * @return this builder
     */
    public FrequencyRegularizationBuilder optFoldedNormalization(boolean enabled) {
        folded = Optional.of(enabled);
        return this;
    }

    /**
     * Sets how wrapped layers compute. The default is {@link Strategy#getDefault()}.
     *
     * @param newStrategy the strategy
     * @return this builder
     */
    public FrequencyRegularizationBuilder optStrategy(Strategy newStrategy) {
        strategy = newStrategy;
        return this;
    }

    /**
     * Sets whether tensors keep at least the {@linkplain LayerType#getFloor() floor} of their
     * layer.
     *
     * @param enabled true, the default; false to keep {@code max(1, round(n · rate))} of n
     * @return this builder
     */
    public FrequencyRegularizationBuilder optFloors(boolean enabled) {
        floors = enabled;
        return this;
    }

    /** {@inheritDoc} */
    @Override
    FrequencyRegularizationBuilder self() {
        return this;
    }

    /**
     * Builds the policy.
     *
     * @return the policy
     * @throws IllegalArgumentException if there is no layer type or no parameter type, or if there
     *     are both a budget and overrides
     */
    public FrequencyRegularization build() {
        budget.ifPresent(each -> each.checkNoOverrides(overrides.size()));
        AxesRules.Finder finder = paper ? AxesRules.Finder.NONE : AxesRules.Finder.SHAPES;
        return new FrequencyRegularization(
                filter(budget.isPresent(), budget.isPresent() && !paper, starts.seed().isEmpty()),
                budget.map(each -> new Budget(each.amount(), each.unit(), folded.orElse(!paper))),
                new KeepAmounts(amount, overrides.copy(), floors, startRate),
                new AxesRules(splits.copy(), weights.copy(), finder),
                paper ? BudgetShares.Rule.PAPER : BudgetShares.Rule.GROWING,
                paper ? starts.paper() : starts,
                strategy);
    }
}
