package io.github.freqreg;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.SpectralParameter.Kept;
import io.github.freqreg.SpectralParameter.KeptRule;
import io.github.freqreg.execution.FusedRelu;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The policy: which tensors of a model are kept in the frequency domain, and how many coefficients
 * of each.
 *
 * <pre>
 * model.setBlock(block);
 * FrequencyRegularization.builder().optKeepRate(0.01).build().apply(model);
 * </pre>
 *
 * <p>By default it takes the weights of convolutions, transposed convolutions, linear and recurrent
 * layers; with a budget, those of all layers, embeddings included, and more where they would take
 * too much of it, see {@link Builder#optBudget}. {@link #apply(Block, Shape...)} wraps each such
 * layer by itself where the parent allows it ({@code SequentialBlock}, {@code ParallelBlock}) and
 * the whole composite where not (attention, classes of your own that call private fields). Either
 * way the network computes the same and its parameters keep their names.
 *
 * <p>A model that is initialised or trained is projected: its coefficients are the first of the DCT
 * of its weights. A fresh one starts from its own initialisers, projected likewise and then scaled:
 * where those give weights of variance v, the rebuilt weights of a tensor of N elements, the first
 * extent n, of which {@code kept} coefficients reach K frequencies along the first axis, have
 *
 * <pre>
 * variance = v · (n / K) · kept / N
 * </pre>
 *
 * <p>which keeps the layer's answer to a smooth input as large as the dense layer's. Full variance
 * would let the few patterns that are left act far too strongly: the first loss of LeNet-5 at 776
 * numbers would be above 60. Few coefficients want larger steps than many weights: with Adam, ten
 * times the dense network's learning rate is a good start; gradient descent needs no change.
 *
 * <p>Instances are immutable and safe for concurrent use; a block is to be changed by one thread.
 *
 * @see <a href="https://arxiv.org/abs/2304.07973">Frequency Regularization: Restricting Information
 *     Redundancy of Convolutional Neural Networks</a>
 */
public final class FrequencyRegularization {

    private static final Logger logger = LoggerFactory.getLogger(FrequencyRegularization.class);

    private static final int MOST_ROUNDS = 1000;

    private final TensorSelection selection;
    private final TensorSelection wider;
    private final List<ByName<KeepAmount>> overrides;
    private final List<ByName<Shape>> splits;
    private final List<ByName<List<Integer>>> weights;
    private final boolean floors;
    private final double startRate;
    private final int balanceRounds;
    private final KeepAmount amount;
    private final long budget;
    private final boolean budgetOfBytes;
    private final Strategy strategy;

    private FrequencyRegularization(Builder builder) {
        selection = builder.selection(builder.parameterTypes());
        wider = builder.sharesFreely() ? builder.selection(Builder.TRAINED) : selection;
        overrides = List.copyOf(builder.overrides);
        splits = List.copyOf(builder.splits);
        weights = List.copyOf(builder.weights);
        floors = builder.floors;
        startRate = builder.startRate;
        balanceRounds = builder.balanceRounds;
        amount = builder.amount;
        budget = builder.budget;
        budgetOfBytes = builder.budgetOfBytes;
        strategy = builder.strategy;
    }

    /**
     * Starts a policy. By default it keeps everything (rate 1).
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Wraps a model's block, in place of its old one.
     *
     * @param model a model whose block is set, initialised or not, without a trainer
     * @param inputShapes as in {@link #apply(Block, Shape...)}
     * @throws IllegalArgumentException as {@link #apply(Block, Shape...)}
     * @throws IllegalStateException as {@link #apply(Block, Shape...)}, or if the model has no
     *     block
     */
    public void apply(Model model, Shape... inputShapes) {
        FrequencyFile.checkBlock(model);
        model.setBlock(apply(model.getBlock(), inputShapes));
    }

    /**
     * Wraps the chosen tensors of a block.
     *
     * <p>Children of sequential and parallel blocks are replaced in place; DJL's transposed
     * convolutions among them become this library's, which the engine computes. One line in the log
     * says how much was wrapped, and at level DEBUG what of each tensor and why; {@link
     * #plan(Block, Shape...)} tells it beforehand.
     *
     * <p>A network that is wrapped in part, since its head was replaced for instance, is wrapped in
     * its other parts; what is wrapped stays as it is. Whatever is initialised keeps its values,
     * also where other parts are not initialised yet.
     *
     * @param block any block, initialised or not
     * @param inputShapes the shapes of the network's inputs, from which a block that is not
     *     initialised learns the shapes of its tensors; needed only for a budget and for a shape
     *     predicate
     * @return the block to use from now on: the same one, or a {@link FrequencyBlock} around it
     * @throws IllegalStateException if everything that the policy chooses is wrapped already, if
     *     the policy needs shapes that are not known, or if two parameters have the same name
     * @throws IllegalArgumentException if nothing is chosen, a budget is too small, a split does
     *     not fit its tensor, a name pattern matches nothing, or a class of the user's own holds a
     *     layer that the engine does not implement; the block is unchanged
     */
    public Block apply(Block block, Shape... inputShapes) {
        TransposedLayers layers = new TransposedLayers(block);
        Block wrapped;
        try {
            layers.checkNoneLeft();
            WrapPlan plan = planFor(layers.getNetwork(), inputShapes);
            checkPlan(plan);
            wrapped = apply(plan);
        } catch (RuntimeException e) {
            layers.undo();
            throw e;
        }
        layers.clearOld();
        return wrapped;
    }

    private WrapPlan planFor(Block block, Shape... inputShapes) {
        if (inputShapes.length == 0 || block.isInitialized()) {
            return planFor(block);
        }
        LoadTarget target = new LoadTarget(block);
        try (NDManager manager = NDManager.newBaseManager()) {
            target.initialize(manager, DataType.FLOAT32, inputShapes);
            return planFor(block);
        } finally {
            target.undo();
            target.putInitializers(block);
        }
    }

    private WrapPlan planFor(Block block) {
        return budget > 0
                ? NetworkBudget.plan(block, selection, wider, budget, budgetOfBytes)
                : new WrapPlan(block, selection);
    }

    /**
     * Tells what {@link #apply(Block, Shape...)} would do. The block is unchanged.
     *
     * @param block any block
     * @param inputShapes the shapes of the network's inputs, from which a block that is not
     *     initialised learns the shapes of its tensors; none to leave these open
     * @return a choice for each parameter, in the order of {@code getParameters()}
     * @throws IllegalArgumentException if the network does not take such inputs
     * @throws IllegalStateException if two parameters have the same name
     */
    public List<TensorChoice> plan(Block block, Shape... inputShapes) {
        return planFor(block, inputShapes).getChoices();
    }

    /**
     * Gives the plain network back.
     *
     * @param block a block that was wrapped
     * @return the plain block: every {@link FrequencyBlock} in it is replaced by its dense block
     * @throws IllegalStateException if it is not initialised, or a class of its own holds a {@code
     *     FrequencyBlock} that cannot be replaced
     */
    public static Block toDense(Block block) {
        List<FrequencyBlock> all = wrapped(block);
        Set<Block> replaceable = BlockTree.replaceable(block);
        for (FrequencyBlock each : all) {
            if (!replaceable.contains(each)) {
                throw new IllegalStateException(
                        "The frequency block around "
                                + each.getWrappedType().getName()
                                + " is held by a class that cannot take another child: call its own"
                                + " toDense() and build that class with the result");
            }
            if (!each.isInitialized()) {
                throw new IllegalStateException(
                        "The block is not initialised, so it has no weights to make dense");
            }
        }
        Map<Block, Block> plain = new IdentityHashMap<>();
        return BlockTree.replace(
                block,
                b -> {
                    if (b instanceof FrequencyBlock each) {
                        return plain.computeIfAbsent(b, k -> each.toDense());
                    }
                    return b instanceof FusedRelu fused ? fused.getOriginal() : b;
                });
    }

    /**
     * Tells whether a network is wrapped.
     *
     * @param block any block
     * @return whether there is a {@link FrequencyBlock} in it
     */
    public static boolean isWrapped(Block block) {
        return !BlockTree.frequencyBlocks(block).isEmpty();
    }

    /**
     * Makes a model plain again, see {@link #toDense(Block)}.
     *
     * @param model a model whose block was wrapped
     * @throws IllegalStateException as {@link #toDense(Block)}
     */
    public static void toDense(Model model) {
        model.setBlock(toDense(model.getBlock()));
    }

    /**
     * Frees what truncation has cut, in every wrapped block of a network, see {@link
     * FrequencyBlock#compact()}.
     *
     * @param block a block that was wrapped
     * @throws IllegalStateException if it is not initialised
     */
    public static void compact(Block block) {
        wrapped(block).forEach(FrequencyBlock::compact);
    }

    private static List<FrequencyBlock> wrapped(Block block) {
        List<FrequencyBlock> blocks = BlockTree.frequencyBlocks(block);
        if (blocks.isEmpty()) {
            throw new IllegalStateException(
                    "Expected a network with a frequency block, but "
                            + block.getClass().getName()
                            + " has none: apply a policy first");
        }
        return blocks;
    }

    /**
     * Sets how every wrapped block of a network computes, see {@link FrequencyBlock#setStrategy}.
     *
     * @param block a block that was wrapped
     * @param strategy the strategy
     */
    public static void setStrategy(Block block, Strategy strategy) {
        wrapped(block).forEach(each -> each.setStrategy(strategy));
    }

    /**
     * Cuts the tails in every wrapped block of a network, see {@link FrequencyBlock#truncate}.
     *
     * @param block a block that was wrapped
     * @param remaining the share of the starting coefficients that remains, from 0 to 1
     * @return the kept number of all regularised tensors together
     * @throws IllegalArgumentException if the share is out of range
     * @throws IllegalStateException if it is not initialised
     */
    public static long truncate(Block block, double remaining) {
        long kept = 0;
        for (FrequencyBlock each : wrapped(block)) {
            kept += each.truncate(remaining);
        }
        return kept;
    }

    /** Reports at once, rather than when the block is initialised, what does not fit. */
    private void checkPlan(WrapPlan plan) {
        if (plan.countChosen() == 0) {
            List<FrequencyBlock> wrapped = BlockTree.frequencyBlocks(plan.getRoot());
            if (!wrapped.isEmpty()) {
                if (selection.include() != null) {
                    checkMatches(selection.include(), "inclusion", plan.getNames());
                }
                throw new IllegalStateException(
                        "Everything that the policy chooses is frequency regularised already, the"
                                + " first around "
                                + wrapped.get(0).getWrappedType().getName()
                                + ": apply a policy once, or call toDense() first");
            }
            throw new IllegalArgumentException(
                    "The policy chooses no tensor of the "
                            + plan.getRoot().getClass().getSimpleName()
                            + ": "
                            + plan.getChoices());
        }
        if ((budget > 0 || selection.shapes() != null) && !plan.knowsShapes()) {
            throw new IllegalStateException(
                    "A budget or a shape predicate needs the shapes of the tensors, but the block is"
                            + " not initialised: initialise it, or call apply(block, inputShapes)");
        }
        plan.checkNoneInside();
        checkPatterns(plan);
        checkAxes(plan);
    }

    private void checkPatterns(WrapPlan plan) {
        List<String> spectral = plan.getSpectralNames();
        overrides.forEach(each -> checkMatches(each.names, "override", spectral));
        splits.forEach(each -> checkMatches(each.names, "split", spectral));
        weights.forEach(each -> checkMatches(each.names, "axis weights", spectral));
        if (selection.exclude() != null) {
            checkMatches(selection.exclude(), "exclusion", plan.getNames());
        }
    }

    private static void checkMatches(Pattern pattern, String what, List<String> names) {
        if (names.stream().noneMatch(name -> pattern.matcher(name).find())) {
            throw new IllegalArgumentException(
                    "The pattern \""
                            + pattern
                            + "\" of the "
                            + what
                            + " matches none of the tensors "
                            + names);
        }
    }

    private Block apply(WrapPlan plan) {
        Map<String, Long> shares =
                budget > 0
                        ? new NetworkBudget(plan, this::axesOf, budget, budgetOfBytes).share()
                        : Map.of();
        plan.getChoices().forEach(choice -> logger.debug("{}", choice));
        Map<Block, Block> done = new IdentityHashMap<>();
        Block wrapped =
                BlockTree.replace(
                        plan.getRoot(),
                        block -> {
                            List<WrapPlan.Candidate> chosen = plan.getChosen(block);
                            if (chosen == null) {
                                return block;
                            }
                            return done.computeIfAbsent(
                                    block,
                                    b -> new FrequencyBlock(b, tensors(chosen, shares), strategy));
                        });
        BlockTree.fuseFollowers(wrapped);
        logger.info("{}", summary(plan, shares));
        return wrapped;
    }

    /** How many tensors of how many are wrapped, and what that makes of their numbers. */
    private String summary(WrapPlan plan, Map<String, Long> shares) {
        String tensors =
                "Wrapped "
                        + plan.countChosen()
                        + " of "
                        + plan.getAll().size()
                        + " tensors of the "
                        + plan.getRoot().getClass().getSimpleName();
        if (!plan.knowsShapes()) {
            return tensors + ", whose shapes are not known yet";
        }
        long before = 0;
        long start = 0;
        long target = 0;
        for (WrapPlan.Candidate candidate : plan.getAllChosen()) {
            Shape shape = candidate.shape();
            Kept kept = rule(candidate, shares).kept(shape);
            before += shape.size();
            start += kept.start();
            target += kept.target();
        }
        return tensors
                + ": "
                + before
                + " numbers become "
                + start
                + " coefficients"
                + (start > target ? ", and " + target + " by truncation" : "");
    }

    private List<SpectralParameter> tensors(
            List<WrapPlan.Candidate> chosen, Map<String, Long> shares) {
        List<SpectralParameter> tensors = new ArrayList<>();
        for (WrapPlan.Candidate candidate : chosen) {
            tensors.add(
                    new SpectralParameter(
                            candidate.name(),
                            candidate.parameter(),
                            rule(candidate, shares),
                            shape -> axesOf(candidate, shape),
                            balanceRounds));
        }
        return tensors;
    }

    private KeptRule rule(WrapPlan.Candidate candidate, Map<String, Long> shares) {
        return shape -> {
            long size = shape.size();
            Long share = shares.get(candidate.name());
            long target =
                    share != null
                            ? Math.min(share, size)
                            : amountOf(candidate).of(size, candidate.layer(), floors);
            return new Kept(Math.max(target, Math.round(size * startRate)), target);
        };
    }

    private KeepAmount amountOf(WrapPlan.Candidate candidate) {
        return first(overrides, candidate, amount);
    }

    private FrequencyAxes axesOf(WrapPlan.Candidate candidate, Shape shape) {
        Shape split = first(splits, candidate, null);
        List<Integer> its = first(weights, candidate, null);
        if (candidate.layer() == LayerType.EMBEDDING && split == null && its == null) {
            return FrequencyAxes.ofTable(shape);
        }
        return new FrequencyAxes(split, its == null ? List.of() : its);
    }

    /** What is said of a tensor by the first names that match its own. */
    private static <T> T first(List<ByName<T>> all, WrapPlan.Candidate candidate, T otherwise) {
        for (ByName<T> each : all) {
            if (each.names.matcher(candidate.name()).find()) {
                return each.value;
            }
        }
        return otherwise;
    }

    private void checkAxes(WrapPlan plan) {
        for (WrapPlan.Candidate candidate : plan.getAllChosen()) {
            Shape shape = candidate.shape();
            if (shape != null) {
                try {
                    axesOf(candidate, shape).check(shape);
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(
                            "The axes for " + candidate.name() + " do not fit. " + e.getMessage(),
                            e);
                }
            }
        }
    }

    /** What is said of the tensors whose name has a match. */
    private record ByName<T>(Pattern names, T value) {

        static <T> ByName<T> of(String names, T value) {
            return new ByName<>(Pattern.compile(names), value);
        }
    }

    /** Builds a {@link FrequencyRegularization}. */
    public static final class Builder {

        private static final Set<LayerType> USUAL =
                EnumSet.of(
                        LayerType.CONVOLUTION,
                        LayerType.TRANSPOSED_CONVOLUTION,
                        LayerType.LINEAR,
                        LayerType.RECURRENT);

        /** Running statistics are none of these, and never chosen. */
        private static final Set<Parameter.Type> TRAINED =
                EnumSet.of(
                        Parameter.Type.WEIGHT,
                        Parameter.Type.BIAS,
                        Parameter.Type.GAMMA,
                        Parameter.Type.BETA,
                        Parameter.Type.OTHER);

        /** What is asked for, or null. */
        private Set<LayerType> layerTypes;

        private Set<Parameter.Type> parameterTypes;
        private final List<ByName<KeepAmount>> overrides = new ArrayList<>();
        private final List<ByName<Shape>> splits = new ArrayList<>();
        private final List<ByName<List<Integer>>> weights = new ArrayList<>();
        private Pattern include;
        private Pattern exclude;
        private Predicate<Shape> shapes;
        private boolean floors = true;
        private double startRate;
        private int balanceRounds;
        private KeepAmount amount = KeepAmount.rate(1);
        private long budget;
        private boolean budgetOfBytes;
        private Strategy strategy = defaultStrategy();

        private Builder() {}

        private static Strategy defaultStrategy() {
            String name = System.getProperty("freqreg.strategy", Strategy.AUTO.name());
            return Stream.of(Strategy.values())
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    new IllegalArgumentException(
                                            "The system property freqreg.strategy must be one of "
                                                    + List.of(Strategy.values())
                                                    + " but is "
                                                    + name));
        }

        /**
         * Keeps a share of each tensor's coefficients: {@code max(round(n · rate), floor) + 1} of
         * n, as the published code counts, but never more than n.
         *
         * @param rate the keep rate, above 0 and at most 1
         * @return this builder
         * @throws IllegalArgumentException if the rate is out of range
         */
        public Builder optKeepRate(double rate) {
            amount = KeepAmount.rate(rate);
            budget = 0;
            return this;
        }

        /**
         * Keeps the same number of coefficients of each tensor, or all of a smaller one.
         *
         * @param kept the kept number, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optKept(long kept) {
            amount = KeepAmount.count(kept);
            budget = 0;
            return this;
        }

        /**
         * Gives the whole model a number of numbers, those of the parameters left alone included.
         *
         * <p>All that is trained takes part, unless {@link #optLayerTypes} or {@link
         * #optParameterTypes} says otherwise: the weights of every kind of layer, embeddings
         * included; and where biases, normalisation's factors and shifts and other parameters would
         * take more than an eighth of the budget if they were left whole, these too. Running
         * statistics never do.
         *
         * <p>What the parameters left alone leave is shared over the tensors. Of a network that is
         * trained, each coefficient goes where it is worth most: the worth of a tensor's first ones
         * is their part of its energy. Of a fresh one, each tensor gets the same share, a vector of
         * n at most √n of it, and what a small tensor cannot use goes to the others. Floors do not
         * count, and overrides are refused.
         *
         * <p>Running statistics right behind a fresh layer count as the few coefficients that they
         * will be, see {@link FrequencyFile}; if these are not exact enough after all, the file has
         * more. All others count whole.
         *
         * @param numbers the total, 1 or more
         * @return this builder
         * @throws IllegalArgumentException if the number is below 1
         */
        public Builder optBudget(long numbers) {
            KeepAmount.count(numbers);
            budget = numbers;
            budgetOfBytes = false;
            return this;
        }

        /**
         * Gives the whole model as many numbers as a file of some bytes holds at four bits each,
         * shared as those of {@link #optBudget}.
         *
         * <p>The file has the bytes when the numbers are rounded for them: let {@link
         * io.github.freqreg.training.ByteBudget} follow the training, or save with {@link
         * Quantization#fit}. Parameters left alone are counted with two bytes each, coefficients of
         * an embedding's table with two bits: most words say little, and more numbers learn more.
         *
         * @param bytes of the file, from 1 to 2^30
         * @return this builder
         * @throws IllegalArgumentException if the number is out of range
         */
        public Builder optBudgetBytes(long bytes) {
            if (bytes < 1 || bytes > FrqDocument.MAX_BYTES) {
                throw new IllegalArgumentException(
                        "A budget must be 1 to "
                                + FrqDocument.MAX_BYTES
                                + " bytes but is "
                                + bytes);
            }
            budget = bytes;
            budgetOfBytes = true;
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
        public Builder optStartRate(double rate) {
            KeepAmount.checkRate(rate);
            startRate = rate;
            return this;
        }

        /**
         * Lets fresh tensors start with their frequencies in balance. It goes beyond the paper.
         *
         * <p>The first coefficients of the zigzag order are many at low frequencies and few at high
         * ones. Drawn alike, they let a network of some layers answer almost the same to all inputs
         * at first, the more so the fewer are kept. In balance, each frequency of all axes but the
         * first starts with the energy of the lowest, and those of the first axis are nearer to
         * each other than they were; the variance that is stated above is then larger. Tensors that
         * start with all of their coefficients, as for truncation, are in balance already.
         *
         * @param rounds of scaling the first axis and the others in turn: 0 for none, by default; 3
         *     for a few hundred coefficients in a layer, 10 for some thousand
         * @return this builder
         * @throws IllegalArgumentException if the number is not from 0 to 1000
         */
        public Builder optBalancedStart(int rounds) {
            if (rounds < 0 || rounds > MOST_ROUNDS) {
                throw new IllegalArgumentException(
                        "The rounds of balancing must be 0 to "
                                + MOST_ROUNDS
                                + " but are "
                                + rounds);
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
        public Builder addOverrideRate(String names, double rate) {
            overrides.add(ByName.of(names, KeepAmount.rate(rate)));
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
        public Builder addOverrideKept(String names, long kept) {
            overrides.add(ByName.of(names, KeepAmount.count(kept)));
            return this;
        }

        /**
         * Sees the tensors whose name has a match in a shape that splits their axes: their
         * frequencies are those along its axes, and the zigzag order is of it. The first shape that
         * matches counts.
         *
         * <p>For a linear layer behind a flattening this keeps far more with the same numbers: with
         * (500, 800) as (500, 50, 4, 4), maps, rows and columns each have low frequencies, while
         * those of a row of 800 numbers cannot tell the 16 places of a map apart. It goes beyond
         * the paper, which takes a tensor as it is. That a shape does not fit is told by {@code
         * apply}, or when the block is initialised if the shapes are not known before.
         *
         * @param names a regular expression, found anywhere in the name
         * @param shape whose extents, in order, make up each extent of the tensor by their product
         * @return this builder
         */
        public Builder addSplit(String names, Shape shape) {
            splits.add(ByName.of(names, shape));
            return this;
        }

        /**
         * Weights the axes of the tensors whose name has a match in the zigzag order: an axis of
         * weight 2 gets half as many frequencies as one of weight 1. The first weights that match
         * count.
         *
         * <p>With the weights (1, 1, 2, 2) a convolution keeps more of its channels' frequencies
         * and fewer of its kernel's. It goes beyond the paper, where all are 1; see {@link
         * io.github.freqreg.spectrum.ZigzagOrder}. That there are not as many as axes is told as
         * that a shape of {@link #addSplit} does not fit.
         *
         * <p>An embedding's table for which neither weights nor a split are set has the axes of
         * {@link io.github.freqreg.spectrum.FrequencyAxes#ofTable}; the weights (1, 1) give it its
         * own.
         *
         * @param names a regular expression, found anywhere in the name
         * @param axes a weight for each axis, of the split shape where there is one, from 1 to 64
         * @return this builder
         */
        public Builder addAxisWeights(String names, int... axes) {
            weights.add(ByName.of(names, IntStream.of(axes).boxed().toList()));
            return this;
        }

        /** Sets the axes that a file states; an embedding's may be its own too. */
        void addAxes(String names, FrequencyAxes axes) {
            splits.add(ByName.of(names, axes.split()));
            weights.add(ByName.of(names, axes.weights()));
        }

        /**
         * Sets how wrapped layers compute with their coefficients. The default is {@link
         * Strategy#AUTO}, or what the system property {@code freqreg.strategy} names: {@code
         * -Dfreqreg.strategy=REBUILD} shows whether a result depends on how layers are computed.
         *
         * @param newStrategy the strategy
         * @return this builder
         */
        public Builder optStrategy(Strategy newStrategy) {
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
        public Builder optLayerTypes(LayerType... types) {
            layerTypes = Set.of(types);
            return this;
        }

        /**
         * Sets the types of parameter that are chosen: by default weights, and with a budget others
         * too where they would take too much of it, see {@link #optBudget}.
         *
         * @param types the types, at least one
         * @return this builder
         */
        public Builder optParameterTypes(Parameter.Type... types) {
            parameterTypes = Set.of(types);
            return this;
        }

        private Set<LayerType> layerTypes() {
            if (layerTypes != null) {
                return layerTypes;
            }
            return budget > 0 ? EnumSet.allOf(LayerType.class) : USUAL;
        }

        private Set<Parameter.Type> parameterTypes() {
            return parameterTypes != null ? parameterTypes : Set.of(Parameter.Type.WEIGHT);
        }

        /** Whether a budget decides which types of parameter are chosen. */
        private boolean sharesFreely() {
            return budget > 0 && parameterTypes == null;
        }

        private TensorSelection selection(Set<Parameter.Type> types) {
            return new TensorSelection(layerTypes(), types, include, exclude, shapes);
        }

        /**
         * Chooses only tensors whose name has a match.
         *
         * @param names a regular expression, found anywhere in the name
         * @return this builder
         */
        public Builder optInclude(String names) {
            include = Pattern.compile(names);
            return this;
        }

        /**
         * Leaves tensors alone whose name has a match.
         *
         * @param names a regular expression, found anywhere in the name
         * @return this builder
         */
        public Builder optExclude(String names) {
            exclude = Pattern.compile(names);
            return this;
        }

        /**
         * Chooses only tensors of some shapes.
         *
         * @param predicate tells whether a shape is chosen
         * @return this builder
         */
        public Builder optShapes(Predicate<Shape> predicate) {
            shapes = predicate;
            return this;
        }

        /**
         * Sets whether keep rates have the published floors, see {@link LayerType#getFloor()}. By
         * default they have.
         *
         * @param enabled false to keep {@code max(1, round(n · rate))}
         * @return this builder
         */
        public Builder optFloors(boolean enabled) {
            floors = enabled;
            return this;
        }

        /**
         * Builds the policy.
         *
         * @return the policy
         * @throws IllegalArgumentException if no layer type or no parameter type is chosen, or a
         *     budget has overrides
         */
        public FrequencyRegularization build() {
            if (layerTypes().isEmpty() || parameterTypes().isEmpty()) {
                throw new IllegalArgumentException(
                        "A policy needs at least one layer type and one parameter type, but has "
                                + layerTypes()
                                + " and "
                                + parameterTypes());
            }
            if (budget > 0 && !overrides.isEmpty()) {
                throw new IllegalArgumentException(
                        "A budget of "
                                + budget
                                + " shares its numbers by itself, but "
                                + overrides.size()
                                + " overrides are given");
            }
            return new FrequencyRegularization(this);
        }
    }
}
