package io.github.freqreg.block;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SymbolBlock;
import ai.djl.util.Pair;
import io.github.freqreg.Internal;
import io.github.freqreg.execution.Strategy;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Wraps chosen tensors of a network.
 *
 * <p>The network is cut into units, and each unit with a chosen tensor gets one {@link
 * FrequencyBlock} around it. A unit is a layer, or a composite whose children cannot be replaced,
 * see {@link ChildBlocks}. If two units share a chosen tensor, as one parameter or as tied ones
 * that hold one array, the whole network is one unit: a tensor has only one set of coefficients.
 */
@Internal
public final class Wrapping {

    private final Block root;
    private final Map<Parameter, NetworkTensor> chosen = new IdentityHashMap<>();
    private final Map<Block, List<NetworkTensor>> units = new IdentityHashMap<>();
    private final Map<NetworkTensor, Block> unitOf = new IdentityHashMap<>();
    private boolean shared;

    /**
     * Finds the units of a network.
     *
     * @param root of the network
     * @param tensors all tensors of the network, see {@link NetworkTensors#of}
     * @param chosen the tensors to wrap, by name
     */
    public Wrapping(Block root, List<NetworkTensor> tensors, Set<String> chosen) {
        this.root = root;
        for (NetworkTensor each : tensors) {
            if (chosen.contains(each.name())) {
                this.chosen.put(each.parameter(), each);
                each.tied().values().forEach(tied -> this.chosen.put(tied, each));
            }
        }
        findUnits(root);
        if (shared) {
            units.clear();
            unitOf.clear();
            addUnit(root, root);
        }
    }

    /**
     * Returns whether a block is wrapped, and not only part of a class that is wrapped whole.
     *
     * @param block any block
     * @return whether it gets a frequency block of its own
     */
    public boolean wraps(Block block) {
        return units.containsKey(block);
    }

    private void findUnits(Block block) {
        if (ChildBlocks.canReplace(block) || canReachInto(block)) {
            findUnitsInside(block);
        } else {
            addUnit(block, block);
        }
    }

    private void findUnitsInside(Block block) {
        addParameters(block, block);
        boolean replaceable = ChildBlocks.canReplace(block);
        for (Block child : block.getChildren().values()) {
            if (replaceable) {
                findUnits(child);
            } else {
                findUnitsInside(child);
            }
        }
    }

    /** Returns whether all chosen tensors below a block belong to children that can be replaced. */
    private boolean canReachInto(Block block) {
        if (ChildBlocks.canReplace(block)) {
            return true;
        }
        if (block.getDirectParameters().values().stream().anyMatch(chosen::containsKey)) {
            return false;
        }
        return block.getChildren().isEmpty()
                || ChildBlocks.callsChildrenAlone(block)
                        && block.getChildren().values().stream().allMatch(this::canReachInto);
    }

    private void addUnit(Block unit, Block block) {
        addParameters(unit, block);
        block.getChildren().values().forEach(child -> addUnit(unit, child));
    }

    private void addParameters(Block unit, Block block) {
        for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            NetworkTensor tensor = chosen.get(entry.getValue());
            if (tensor == null) {
                continue;
            }
            Block first = unitOf.putIfAbsent(tensor, unit);
            if (first == null) {
                units.computeIfAbsent(unit, u -> new ArrayList<>()).add(tensor);
            } else if (first != unit) {
                shared = true;
            }
        }
    }

    /** Refuses a frequency block around another one, whose tensors would no longer be found. */
    private void checkNoneInside() {
        units.forEach(
                (unit, tensors) -> {
                    List<FrequencyBlock> inside = FrequencyBlocks.in(unit);
                    if (!inside.isEmpty()) {
                        throw new IllegalArgumentException(
                                "The tensor "
                                        + tensors.get(0).name()
                                        + " of "
                                        + unit.getClass().getName()
                                        + " cannot be wrapped: that block must be wrapped as a"
                                        + " whole, but inside it "
                                        + inside.get(0).getWrappedType().getName()
                                        + " is already wrapped. Exclude the tensor from the policy,"
                                        + " or call FrequencyBlocks.toDense with the network first");
                    }
                });
    }

    /**
     * Wraps the units.
     *
     * @param rules how each chosen tensor is kept, by name
     * @param projected coefficients of initialised tensors that are known already, by name; the
     *     weights of all others are projected
     * @param strategy how the wrapped layers compute
     * @param folds whether quantised files fold the running statistics of wrapped normalisation
     * @return the network, or the frequency block around all of it
     * @throws IllegalArgumentException if a unit contains a frequency block already; the network is
     *     unchanged
     */
    public Block wrap(
            Map<String, TensorSpec.Rule> rules,
            Map<String, float[]> projected,
            Strategy strategy,
            boolean folds) {
        checkNoneInside();
        chosen.values().stream()
                .filter(NetworkTensor::isInModule)
                .map(NetworkTensor::owner)
                .distinct()
                .forEach(module -> ScriptModules.markInference((SymbolBlock) module));
        Map<Block, FrequencyBlock> done = new IdentityHashMap<>();
        Block wrapped =
                ChildBlocks.replace(
                        root,
                        block ->
                                units.containsKey(block)
                                        ? done.computeIfAbsent(
                                                block,
                                                unit -> wrap(unit, rules, projected, strategy))
                                        : block);
        if (folds) {
            done.values().forEach(FrequencyBlock::foldNormalization);
        }
        Fusion.fuse(wrapped);
        return wrapped;
    }

    private FrequencyBlock wrap(
            Block unit,
            Map<String, TensorSpec.Rule> rules,
            Map<String, float[]> projected,
            Strategy strategy) {
        Map<String, SpectralParameter> tensors = new LinkedHashMap<>();
        for (NetworkTensor tensor : units.getOrDefault(unit, List.of())) {
            TensorSpec.Rule rule = Objects.requireNonNull(rules.get(tensor.name()));
            tensors.put(
                    tensor.name(),
                    new SpectralParameter(
                            tensor.name(),
                            new DenseTensor(tensor.parameter(), tensor.tied().values()),
                            rule,
                            tensor.isInModule()));
        }
        FrequencyBlock wrapper =
                new FrequencyBlock(Fusion.undo(unit), shownBy(unit), tensors.values(), strategy);
        for (NetworkTensor each : units.getOrDefault(unit, List.of())) {
            SpectralParameter tensor = Objects.requireNonNull(tensors.get(each.name()));
            if (tensor.getDense().isInitialized()) {
                Optional.ofNullable(projected.get(each.name()))
                        .ifPresentOrElse(tensor::replaceBy, () -> tensor.project(each.fresh()));
            }
        }
        return wrapper;
    }

    /** Returns the parameters of a unit by name, those tied to a chosen one left out. */
    private Map<String, Parameter> shownBy(Block unit) {
        Map<String, Parameter> shown = new LinkedHashMap<>();
        for (NetworkTensor tensor : NetworkTensors.of(unit)) {
            shown.put(tensor.name(), tensor.parameter());
            if (!chosen.containsKey(tensor.parameter())) {
                shown.putAll(tensor.tied());
            }
        }
        return shown;
    }
}
