package io.github.freqreg.policy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.Internal;
import io.github.freqreg.block.ChildBlocks;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.FreshStart;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.block.TransposedLayers;
import io.github.freqreg.block.TrialInitialization;
import io.github.freqreg.execution.Strategy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A policy: which tensors of a network are kept in the frequency domain, and how many coefficients
 * each of them keeps.
 *
 * <pre>
 * model.setBlock(block);
 * FrequencyRegularization.builder().optKeepRate(0.01).build().apply(model);
 * </pre>
 *
 * <p>By default a policy wraps the weights of convolutions, transposed convolutions, linear and
 * recurrent layers; with a budget it wraps all trained parameters, see {@link
 * FrequencyRegularizationBuilder#optBudget}. {@link #apply(Block, Shape...)} wraps each layer by
 * itself if the parent allows it ({@code SequentialBlock}, {@code ParallelBlock}), and otherwise
 * the composite as a whole (attention, classes of your own that call private fields). Either way
 * the network computes the same function, and its parameters keep their names.
 *
 * <p>The weights of an initialised or trained network are projected: the coefficients are the first
 * ones of their DCT. A fresh network is initialised by its own initialisers, projected, and then
 * scaled, except tensors with a {@linkplain io.github.freqreg.spectrum.TensorStart start}, whose
 * coefficients are 0 at first. Let an initialiser draw weights of variance v for a tensor of N
 * elements whose first extent is n. If {@code kept} coefficients reach K frequencies along the
 * first axis, the rebuilt weights have
 *
 * <pre>
 * variance = v · (n / K) · kept / N
 * </pre>
 *
 * <p>With it, the layer responds to a smooth input as strongly as the dense layer. With the full
 * variance v, the few remaining patterns would respond far too strongly: LeNet-5 at 776 numbers
 * would start with a loss above 60. Few coefficients need larger steps than many weights: with
 * Adam, start with ten times the learning rate of the dense network; with SGD, keep the learning
 * rate. If at least three weights are wrapped, a final linear layer starts at a tenth, so that the
 * first outputs are near 0, unless all of it is kept.
 *
 * <p>Instances are immutable and safe for concurrent use. A network must be changed by one thread.
 *
 * @see <a href="https://arxiv.org/abs/2304.07973">Frequency Regularization: Restricting Information
 *     Redundancy of Convolutional Neural Networks</a>
 */
public final class FrequencyRegularization {

    private static final Logger logger = LoggerFactory.getLogger(FrequencyRegularization.class);

    private final TensorFilter filter;
    private final Optional<Budget> budget;
    private final KeepAmounts amounts;
    private final AxesRules axes;
    private final BudgetShares.Rule shares;
    private final StartRules starts;
    private final Strategy strategy;

    /**
     * Takes the settings of a builder.
     *
     * @param filter which tensors are chosen
     * @param budget of the whole network, if there is one
     * @param amounts how many coefficients are kept without a budget
     * @param axes along which axes tensors are transformed
     * @param shares how a fresh network shares a budget
     * @param starts from which weights tensors start
     * @param strategy how layers compute
     */
    FrequencyRegularization(
            TensorFilter filter,
            Optional<Budget> budget,
            KeepAmounts amounts,
            AxesRules axes,
            BudgetShares.Rule shares,
            StartRules starts,
            Strategy strategy) {
        this.filter = filter;
        this.budget = budget;
        this.amounts = amounts;
        this.axes = axes;
        this.shares = shares;
        this.starts = starts;
        this.strategy = strategy;
    }

    /**
     * Starts a policy. By default it keeps everything (rate 1).
     *
     * @return a builder
     */
    public static FrequencyRegularizationBuilder builder() {
        return new FrequencyRegularizationBuilder();
    }

    /**
     * Wraps the network of a model.
     *
     * @param model a model with a block, initialised or not, and without a trainer
     * @param inputShapes as in {@link #apply(Block, Shape...)}
     * @throws IllegalArgumentException as {@link #apply(Block, Shape...)}
     * @throws IllegalStateException as {@link #apply(Block, Shape...)}, or if the model has no
     *     block
     */
    public void apply(Model model, Shape... inputShapes) {
        model.setBlock(apply(FrequencyBlocks.of(model), inputShapes));
    }

    /**
     * Wraps the chosen tensors of a network.
     *
     * <p>Children of sequential and parallel blocks are replaced in place. DJL's transposed
     * convolutions, which its PyTorch engine does not implement, are replaced by those of {@link
     * io.github.freqreg.nn}. Initialised parameters keep their values, even if other parts of the
     * network are not initialised yet.
     *
     * <p>Layers that share a parameter, and parameters that hold one array, are one tensor, known
     * by the first of its names: it is planned, wrapped and counted once, and an optimiser's step
     * moves it once. Parameters can be tied by an array only if they hold it when the policy is
     * applied. An array that is left alone is trained by DJL, which moves it once for each of its
     * parameters.
     *
     * <p>A policy can be applied again after a part of the network, such as its head, was replaced:
     * tensors that are wrapped already stay as they are.
     *
     * <p>The log says how much was wrapped and, at level DEBUG, why each tensor was or was not.
     * {@link #plan(Block, Shape...)} returns these choices in advance.
     *
     * @param block any block, initialised or not
     * @param inputShapes the shapes of the network's inputs, if the block is not initialised. Axes
     *     of linear layers are found only with shapes; a budget and a shape predicate need them.
     *     Wrap a network alike wherever its parameters are loaded
     * @return the block to use from now on: the same block, or a {@link
     *     io.github.freqreg.block.FrequencyBlock} around it
     * @throws IllegalStateException if everything that the policy chooses is wrapped already, if
     *     the policy needs shapes that are not known, or if two parameters have the same name
     * @throws IllegalArgumentException if nothing is chosen, a budget is too small, a split does
     *     not fit its tensor, a pattern matches nothing, a class of your own calls a layer that the
     *     engine does not implement, or such a layer shares the array of its weight; the network is
     *     unchanged
     */
    public Block apply(Block block, Shape... inputShapes) {
        return apply(block, Start.TRAINED, inputShapes);
    }

    private Block apply(Block block, Start start, Shape... inputShapes) {
        TransposedLayers layers = new TransposedLayers(block);
        Block wrapped;
        try {
            layers.checkNoneLeft();
            NetworkPlan plan = planFor(layers.getNetwork(), start, inputShapes);
            check(plan);
            wrapped = wrap(plan);
        } catch (RuntimeException e) {
            layers.undo();
            throw e;
        }
        layers.clearOld();
        return wrapped;
    }

    /**
     * Wraps a network as {@link #apply(Model, Shape...)} does, but forgets what it has learned.
     *
     * @param model a model with a plain block
     * @param inputShapes the shapes of the network's inputs
     */
    @Internal
    public void applyAnew(Model model, Shape... inputShapes) {
        FreshStart.of(FrequencyBlocks.of(model));
        model.setBlock(apply(model.getBlock(), Start.FRESH, inputShapes));
    }

    /** Whether the values of a network that has some are worth keeping. */
    private enum Start {
        TRAINED,
        FRESH
    }

    /**
     * Returns what {@link #apply(Block, Shape...)} would do. The network is unchanged.
     *
     * @param block any block
     * @param inputShapes the shapes of the network's inputs, to learn the shapes of tensors of a
     *     block that is not initialised; none to leave these open
     * @return a choice for each tensor, in the order of {@code getParameters()}
     * @throws IllegalArgumentException if the network does not accept such inputs
     * @throws IllegalStateException if two parameters have the same name
     */
    public List<TensorChoice> plan(Block block, Shape... inputShapes) {
        NetworkPlan plan = planFor(block, Start.TRAINED, inputShapes);
        return choices(plan, starts.in(plan, budget));
    }

    /** Returns the choice for each tensor, once it is known which of them are fresh. */
    private static List<TensorChoice> choices(NetworkPlan plan, StartRules rules) {
        return plan.getTensors().stream().map(rules::explain).map(PlannedTensor::choice).toList();
    }

    private NetworkPlan planFor(Block block, Start start, Shape... inputShapes) {
        if (inputShapes.length == 0 || block.isInitialized()) {
            return planFor(block, start);
        }
        TrialInitialization trial = new TrialInitialization(block);
        try (NDManager manager = NDManager.newBaseManager()) {
            trial.initialize(manager, DataType.FLOAT32, inputShapes);
            return planFor(block, start);
        } finally {
            trial.undo();
            trial.putInitializers(block);
        }
    }

    private NetworkPlan planFor(Block block, Start start) {
        List<NetworkTensor> tensors =
                NetworkTensors.of(block).stream()
                        .map(
                                each ->
                                        start == Start.FRESH && each.parameter().requiresGradient()
                                                ? each.asFresh()
                                                : each)
                        .toList();
        Map<Block, FoundAxes> found = axes.trace(block);
        ModuleLayers layers = new ModuleLayers();
        Map<Parameter, FoundAxes> ofModules = axes.trace(tensors, layers);
        Set<Block> sequence = ChildBlocks.inSequence(block);
        List<PlannedTensor> planned =
                tensors.stream()
                        .map(tensor -> filter.plan(tensor, layers.of(tensor)))
                        .map(
                                each ->
                                        each.traced(
                                                traced(each, found, ofModules),
                                                sequence.contains(each.owner())))
                        .map(axes::explain)
                        .toList();
        return new NetworkPlan(block, filter.sparing() ? sparing(planned) : planned);
    }

    /** Leaves parameters other than weights that are beside layers alone where they are few. */
    private List<PlannedTensor> sparing(List<PlannedTensor> planned) {
        Predicate<PlannedTensor> candidate =
                each -> each.isChosen() && !each.isChosenWeight() && each.isBesideLayers();
        long numbers =
                planned.stream()
                        .filter(candidate.and(each -> each.tensor().shape() != null))
                        .mapToLong(each -> each.shape().size())
                        .sum();
        boolean few = budget.filter(its -> its.part(numbers) <= NetworkBudget.FEW).isPresent();
        return few
                ? planned.stream().map(each -> candidate.test(each) ? each.spared() : each).toList()
                : planned;
    }

    private static Optional<FoundAxes> traced(
            PlannedTensor tensor,
            Map<Block, FoundAxes> ofBlocks,
            Map<Parameter, FoundAxes> ofModules) {
        FoundAxes axes = ofBlocks.get(tensor.owner());
        return Optional.ofNullable(axes == null ? ofModules.get(tensor.parameter()) : axes);
    }

    /** Reports what does not fit at once, and not only when the block is initialised. */
    private void check(NetworkPlan plan) {
        if (plan.getChosen().isEmpty()) {
            throw plan.nothingChosen(filter);
        }
        if ((budget.isPresent() || filter.shapes().isPresent()) && !plan.knowsShapes()) {
            throw new IllegalStateException(
                    "A budget or a shape predicate needs the shapes of the tensors, but the block is"
                            + " not initialised: initialise it, or call apply(block, inputShapes)");
        }
        List<String> spectral = plan.getSpectralNames();
        amounts.overrides().checkMatches(spectral);
        axes.splits().checkMatches(spectral);
        axes.weights().checkMatches(spectral);
        filter.exclude()
                .ifPresent(each -> NamePatterns.checkMatches(each, "exclusion", plan.getNames()));
        plan.getChosen().stream()
                .filter(each -> each.tensor().shape() != null)
                .forEach(each -> axes.check(each));
    }

    private Block wrap(NetworkPlan plan) {
        StartRules rules = starts.in(plan, budget);
        NetworkBudget.Division division =
                budget.map(each -> new NetworkBudget(plan, axes, each, shares, rules).share())
                        .orElse(NetworkBudget.Division.NONE);
        Map<String, TensorSpec.Rule> specs = new HashMap<>();
        List<TensorSpec> known = new ArrayList<>();
        int depth = plan.getDepth();
        List<PlannedTensor> weights = plan.getWeights();
        for (PlannedTensor tensor : plan.getChosen()) {
            // Later, an initialised tensor would look as if it were trained.
            int place = tensor.tensor().isTrained() ? -1 : weights.indexOf(tensor);
            Optional<Long> share = Optional.ofNullable(division.kept().get(tensor.name()));
            TensorSpec.Rule rule = shape -> spec(rules, tensor, place, depth, share, shape);
            if (tensor.tensor().shape() != null) {
                TensorSpec spec = rule.of(tensor.shape());
                axes.check(tensor, spec);
                known.add(spec);
                rule = shape -> spec;
            }
            specs.put(tensor.name(), rule);
        }
        choices(plan, rules).forEach(choice -> logger.debug("{}", choice));
        boolean folds = budget.filter(each -> each.folds(plan.getChosen())).isPresent();
        Block wrapped = plan.getWrapping().wrap(specs, division.projected(), strategy, folds);
        logger.info("{}", plan.summary(known));
        return wrapped;
    }

    private TensorSpec spec(
            StartRules rules,
            PlannedTensor tensor,
            int place,
            int depth,
            Optional<Long> share,
            Shape shape) {
        long size = shape.size();
        long target =
                share.map(each -> Math.min(each, size))
                        .orElseGet(() -> amounts.target(tensor, size));
        long start = amounts.start(size, target);
        return rules.spec(tensor, place, depth, shape, axes.of(tensor, shape), start, target);
    }
}
