package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.execution.Strategy;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Builds a {@link FrequencyRegularization}. */
public final class FrequencyRegularizationBuilder {

    private static final int MAX_ROUNDS = 1000;

    private static final Set<LayerType> USUAL =
            EnumSet.of(
                    LayerType.CONVOLUTION,
                    LayerType.TRANSPOSED_CONVOLUTION,
                    LayerType.LINEAR,
                    LayerType.RECURRENT);

    /** All types that are trained: running statistics are none of these. */
    private static final Set<Parameter.Type> TRAINED =
            EnumSet.of(
                    Parameter.Type.WEIGHT,
                    Parameter.Type.BIAS,
                    Parameter.Type.GAMMA,
                    Parameter.Type.BETA,
                    Parameter.Type.OTHER);

    private Optional<Set<LayerType>> layerTypes = Optional.empty();
    private Optional<Set<Parameter.Type>> parameterTypes = Optional.empty();
    private Optional<Pattern> include = Optional.empty();
    private Optional<Pattern> exclude = Optional.empty();
    private Optional<Predicate<Shape>> shapes = Optional.empty();
    private Optional<Budget> budget = Optional.empty();
    private KeepAmount amount = KeepAmount.rate(1);
    private final NamePatterns<KeepAmount> overrides = new NamePatterns<>("override");
    private final NamePatterns<Shape> splits = new NamePatterns<>("split");
    private final NamePatterns<List<Integer>> weights = new NamePatterns<>("axis weights");
    private boolean floors = true;
    private double startRate;
    private int balanceRounds;
    private Strategy strategy = Strategy.getDefault();

    FrequencyRegularizationBuilder() {}

    /**
     * Keeps a share of each tensor's coefficients: {@code max(round(n · rate), floor) + 1} of n, as
     * the published code counts, but never more than n.
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
     * Keeps the same number of coefficients of each tensor, or all of a smaller one.
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
     * Gives the whole model a number of numbers, those of the parameters left alone included.
     *
     * <p>All that is trained takes part, unless {@link #optLayerTypes} or {@link
     * #optParameterTypes} says otherwise: the weights of every kind of layer, embeddings included;
     * and where biases, normalisation's factors and shifts and other parameters would take more
     * than an eighth of the budget if they were left whole, these too. Running statistics never do.
     *
     * <p>What the parameters left alone leave is shared over the tensors. Of a network that is
     * trained, each coefficient goes where it is worth most: the worth of a tensor's first ones is
     * their part of its energy. Of a fresh one, each tensor gets the same share, a vector of n at
     * most √n of it, and what a small tensor cannot use goes to the others. Floors do not count,
     * and overrides are refused.
     *
     * <p>Running statistics right behind a fresh layer count as the few coefficients that they will
     * be, see {@link io.github.freqreg.file.FrequencyFile}; if these are not exact enough after
     * all, the file has more. All others count whole.
     *
     * @param numbers the total, 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public FrequencyRegularizationBuilder optBudget(long numbers) {
        KeepAmount.count(numbers);
        budget = Optional.of(new Budget(numbers, Budget.Unit.NUMBERS));
        return this;
    }

    /**
     * Gives the whole model as many numbers as a file of some bytes holds at four bits each, shared
     * as those of {@link #optBudget}.
     *
     * <p>The file has the bytes when the numbers are rounded for them: let {@link
     * io.github.freqreg.training.ByteBudget} follow the training, or save with {@link
     * io.github.freqreg.file.Quantization#fit}. Parameters left alone are counted with two bytes
     * each, coefficients of an embedding's table with two bits: most words say little, and more
     * numbers learn more.
     *
     * @param bytes of the file, from 1 to 2^30
     * @return this builder
     * @throws IllegalArgumentException if the number is out of range
     */
    public FrequencyRegularizationBuilder optBudgetBytes(long bytes) {
        if (bytes < 1 || bytes > Budget.MAX_BYTES) {
            throw new IllegalArgumentException(
                    "A budget must be 1 to " + Budget.MAX_BYTES + " bytes but is " + bytes);
        }
        budget = Optional.of(new Budget(bytes, Budget.Unit.BYTES));
        return this;
    }

    /**
     * Sets the share of all coefficients with which training starts, for truncation to go down
     * from. By default training starts at the target.
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
     * Lets fresh tensors start with their frequencies in balance. It goes beyond the paper.
     *
     * <p>The first coefficients of the zigzag order are many at low frequencies and few at high
     * ones. Drawn alike, they let a network of some layers answer almost the same to all inputs at
     * first, the more so the fewer are kept. In balance, each frequency of all axes but the first
     * starts with the energy of the lowest, and those of the first axis are nearer to each other
     * than they were; the variance that is stated above is then larger. Tensors that start with all
     * of their coefficients, as for truncation, are in balance already.
     *
     * @param rounds of scaling the first axis and the others in turn: 0 for none, by default; 3 for
     *     a few hundred coefficients in a layer, 10 for some thousand
     * @return this builder
     * @throws IllegalArgumentException if the number is not from 0 to 1000
     */
    public FrequencyRegularizationBuilder optBalancedStart(int rounds) {
        if (rounds < 0 || rounds > MAX_ROUNDS) {
            throw new IllegalArgumentException(
                    "The rounds of balancing must be 0 to " + MAX_ROUNDS + " but are " + rounds);
        }
        balanceRounds = rounds;
        return this;
    }

    /**
     * Sets another keep rate for the tensors whose name has a match. The first override that
     * matches counts.
     *
     * @param names a regular expression, found anywhere in the name
     * @param rate the keep rate, above 0 and at most 1
     * @return this builder
     * @throws IllegalArgumentException if the rate is out of range
     */
    public FrequencyRegularizationBuilder addOverrideRate(String names, double rate) {
        overrides.add(names, KeepAmount.rate(rate));
        return this;
    }

    /**
     * Sets another kept number for the tensors whose name has a match. The first override that
     * matches counts.
     *
     * @param names a regular expression, found anywhere in the name
     * @param kept the kept number, 1 or more
     * @return this builder
     * @throws IllegalArgumentException if the number is below 1
     */
    public FrequencyRegularizationBuilder addOverrideKept(String names, long kept) {
        overrides.add(names, KeepAmount.count(kept));
        return this;
    }

    /**
     * Sees the tensors whose name has a match in a shape that splits their axes: their frequencies
     * are those along its axes, and the zigzag order is of it. The first shape that matches counts.
     *
     * <p>For a linear layer behind a flattening this keeps far more with the same numbers: with
     * (500, 800) as (500, 50, 4, 4), maps, rows and columns each have low frequencies, while those
     * of a row of 800 numbers cannot tell the 16 places of a map apart. It goes beyond the paper,
     * which takes a tensor as it is. That a shape does not fit is told by {@code apply}, or when
     * the block is initialised if the shapes are not known before.
     *
     * @param names a regular expression, found anywhere in the name
     * @param shape whose extents, in order, make up each extent of the tensor by their product
     * @return this builder
     */
    public FrequencyRegularizationBuilder addSplit(String names, Shape shape) {
        splits.add(names, shape);
        return this;
    }

    /**
     * Weights the axes of the tensors whose name has a match in the zigzag order: an axis of weight
     * 2 gets half as many frequencies as one of weight 1. The first weights that match count.
     *
     * <p>With the weights (1, 1, 2, 2) a convolution keeps more of its channels' frequencies and
     * fewer of its kernel's. It goes beyond the paper, where all are 1; see {@link
     * io.github.freqreg.spectrum.ZigzagOrder}. That there are not as many as axes is told as that a
     * shape of {@link #addSplit} does not fit.
     *
     * <p>An embedding's table for which neither weights nor a split are set has the axes of {@link
     * io.github.freqreg.spectrum.FrequencyAxes#ofTable}; the weights (1, 1) give it its own.
     *
     * @param names a regular expression, found anywhere in the name
     * @param axes a weight for each axis, of the split shape where there is one, from 1 to 64
     * @return this builder
     */
    public FrequencyRegularizationBuilder addAxisWeights(String names, int... axes) {
        weights.add(names, IntStream.of(axes).boxed().toList());
        return this;
    }

    /**
     * Sets how wrapped layers compute with their coefficients. The default is {@link
     * Strategy#AUTO}, or what the system property {@code freqreg.strategy} names: {@code
     * -Dfreqreg.strategy=REBUILD} shows whether a result depends on how layers are computed.
     *
     * @param newStrategy the strategy
     * @return this builder
     */
    public FrequencyRegularizationBuilder optStrategy(Strategy newStrategy) {
        strategy = newStrategy;
        return this;
    }

    /**
     * Sets the kinds of layer whose tensors are chosen: by default convolutions, transposed
     * convolutions, linear and recurrent layers, and with a budget all.
     *
     * @param types the kinds, at least one
     * @return this builder
     */
    public FrequencyRegularizationBuilder optLayerTypes(LayerType... types) {
        layerTypes = Optional.of(Set.of(types));
        return this;
    }

    /**
     * Sets the types of parameter that are chosen: by default weights, and with a budget others too
     * where they would take too much of it, see {@link #optBudget}.
     *
     * @param types the types, at least one
     * @return this builder
     */
    public FrequencyRegularizationBuilder optParameterTypes(Parameter.Type... types) {
        parameterTypes = Optional.of(Set.of(types));
        return this;
    }

    /**
     * Chooses only tensors whose name has a match.
     *
     * @param names a regular expression, found anywhere in the name
     * @return this builder
     */
    public FrequencyRegularizationBuilder optInclude(String names) {
        include = Optional.of(Pattern.compile(names));
        return this;
    }

    /**
     * Leaves tensors alone whose name has a match.
     *
     * @param names a regular expression, found anywhere in the name
     * @return this builder
     */
    public FrequencyRegularizationBuilder optExclude(String names) {
        exclude = Optional.of(Pattern.compile(names));
        return this;
    }

    /**
     * Chooses only tensors of some shapes.
     *
     * @param predicate tells whether a shape is chosen
     * @return this builder
     */
    public FrequencyRegularizationBuilder optShapes(Predicate<Shape> predicate) {
        shapes = Optional.of(predicate);
        return this;
    }

    /**
     * Sets whether keep rates have the published floors, see {@link LayerType#getFloor()}. By
     * default they have.
     *
     * @param enabled false to keep {@code max(1, round(n · rate))}
     * @return this builder
     */
    public FrequencyRegularizationBuilder optFloors(boolean enabled) {
        floors = enabled;
        return this;
    }

    /**
     * Builds the policy.
     *
     * @return the policy
     * @throws IllegalArgumentException if no layer type or no parameter type is chosen, or a budget
     *     has overrides
     */
    public FrequencyRegularization build() {
        Set<LayerType> layers =
                layerTypes.orElse(budget.isPresent() ? EnumSet.allOf(LayerType.class) : USUAL);
        Set<Parameter.Type> types = parameterTypes.orElse(Set.of(Parameter.Type.WEIGHT));
        if (layers.isEmpty() || types.isEmpty()) {
            throw new IllegalArgumentException(
                    "A policy needs at least one layer type and one parameter type, but has "
                            + layers
                            + " and "
                            + types);
        }
        if (budget.isPresent() && overrides.size() > 0) {
            throw new IllegalArgumentException(
                    "A budget of "
                            + budget.get().amount()
                            + " shares its numbers by itself, but "
                            + overrides.size()
                            + " overrides are given");
        }
        boolean wider = budget.isPresent() && parameterTypes.isEmpty();
        return new FrequencyRegularization(
                selection(layers, types),
                selection(layers, wider ? TRAINED : types),
                budget,
                new KeepAmounts(amount, overrides.copy(), floors, startRate),
                new AxesRules(splits.copy(), weights.copy()),
                balanceRounds,
                strategy);
    }

    private TensorSelection selection(Set<LayerType> layers, Set<Parameter.Type> types) {
        return new TensorSelection(layers, types, include, exclude, shapes);
    }
}
