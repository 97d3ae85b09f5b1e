package io.github.freqreg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * What of a model is wrapped as one: a layer, or a composite that cannot be reached into.
 *
 * <p>A unit is a block that {@link BlockTree} can put a wrapper in place of. A class of its own
 * that runs its layers in sequential blocks is reached into; one that calls them itself is one
 * unit. Each parameter belongs to the first unit that has it; where two units share one that is
 * chosen, the whole model is one unit.
 */
final class WrapPlan {

    private final Block root;
    private final TensorSelection selection;
    private final List<Listed> all = new ArrayList<>();
    private final Map<Block, List<Candidate>> units = new IdentityHashMap<>();
    private final Map<Parameter, Block> unitOf = new IdentityHashMap<>();
    private boolean tied;

    WrapPlan(Block root, TensorSelection selection) {
        this.root = root;
        this.selection = selection;
        // Refuses a network in which names do not tell parameters apart.
        BlockTree.parameters(root);
        findUnits(root, "");
        if (tied) {
            // A parameter that two units share can have only one set of coefficients.
            all.clear();
            units.clear();
            unitOf.clear();
            addUnit(root, root, "");
        }
        units.values().removeIf(List::isEmpty);
        checkArrays();
    }

    /**
     * Refuses two parameters that hold one array. Each would get coefficients of its own, and DJL
     * itself updates such an array once for each of them.
     */
    private void checkArrays() {
        Map<NDArray, Listed> holders = new IdentityHashMap<>();
        for (Listed each : all) {
            if (!each.candidate().parameter().isInitialized()) {
                continue;
            }
            Listed other = holders.putIfAbsent(each.candidate().parameter().getArray(), each);
            if (other != null && (each.choice().regularized() || other.choice().regularized())) {
                throw new IllegalArgumentException(
                        "The parameters "
                                + other.candidate().name()
                                + " and "
                                + each.candidate().name()
                                + " hold one array, which would come apart: build both layers with"
                                + " one Parameter, or exclude them from the policy");
            }
        }
    }

    private void findUnits(Block block, String prefix) {
        if (BlockTree.canReplaceChildren(block) || canReachInto(block, prefix)) {
            findUnitsInside(block, prefix);
        } else {
            addUnit(block, block, prefix);
        }
    }

    private void findUnitsInside(Block block, String prefix) {
        boolean replaceable = BlockTree.canReplaceChildren(block);
        addParameters(block, block, prefix);
        for (Pair<String, Block> child : block.getChildren()) {
            String inside = prefix + BlockTree.nameOf(child) + "_";
            if (replaceable) {
                findUnits(child.getValue(), inside);
            } else {
                findUnitsInside(child.getValue(), inside);
            }
        }
    }

    /**
     * Whether all that is chosen of a class of its own is in lists whose blocks can be replaced.
     */
    private boolean canReachInto(Block block, String prefix) {
        if (BlockTree.canReplaceChildren(block)) {
            return true;
        }
        for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            if (selection.choose(candidate(block, entry, prefix)).regularized()) {
                return false;
            }
        }
        if (block.getChildren().isEmpty()) {
            return true;
        }
        if (!BlockTree.callsChildrenAlone(block)) {
            return false;
        }
        for (Pair<String, Block> child : block.getChildren()) {
            if (!canReachInto(child.getValue(), prefix + BlockTree.nameOf(child) + "_")) {
                return false;
            }
        }
        return true;
    }

    private static Candidate candidate(
            Block owner, Pair<String, Parameter> parameter, String prefix) {
        return new Candidate(
                prefix + parameter.getKey(),
                LayerType.of(owner),
                parameter.getValue(),
                owner,
                BlockTree.shapeOf(parameter.getValue()));
    }

    private void addUnit(Block unit, Block block, String prefix) {
        addParameters(unit, block, prefix);
        for (Pair<String, Block> child : block.getChildren()) {
            addUnit(unit, child.getValue(), prefix + BlockTree.nameOf(child) + "_");
        }
    }

    private void addParameters(Block unit, Block block, String prefix) {
        List<Candidate> chosen = units.computeIfAbsent(unit, u -> new ArrayList<>());
        for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            Candidate candidate = candidate(block, entry, prefix);
            Block first = unitOf.putIfAbsent(entry.getValue(), unit);
            if (first != null) {
                // The first name decides: a file or a pattern need not know the others.
                tied |= first != unit && isChosen(first, entry.getValue());
                continue;
            }
            TensorChoice choice = selection.choose(candidate);
            all.add(new Listed(candidate, choice));
            if (choice.regularized()) {
                chosen.add(candidate);
            }
        }
    }

    private boolean isChosen(Block unit, Parameter parameter) {
        return units.get(unit).stream().anyMatch(each -> each.parameter() == parameter);
    }

    /**
     * Refuses to put a frequency block around another one, whose tensors nobody would find then.
     *
     * @throws IllegalArgumentException if a part that can only be wrapped whole is wrapped inside
     */
    void checkNoneInside() {
        units.forEach(
                (unit, chosen) -> {
                    List<FrequencyBlock> inside = BlockTree.frequencyBlocks(unit);
                    if (!inside.isEmpty()) {
                        throw new IllegalArgumentException(
                                "The policy chooses "
                                        + chosen.get(0).name()
                                        + " of "
                                        + unit.getClass().getName()
                                        + ", which can only be wrapped whole and holds a frequency"
                                        + " block around "
                                        + inside.get(0).getWrappedType().getName()
                                        + " already: exclude the tensor, or call toDense() first");
                    }
                });
    }

    Block getRoot() {
        return root;
    }

    /** The choice for each parameter, in the order of the model's. */
    List<TensorChoice> getChoices() {
        return all.stream().map(Listed::choice).toList();
    }

    /** The name of each parameter. */
    List<String> getNames() {
        return all.stream().map(each -> each.candidate().name()).toList();
    }

    /** The same, with the parameters themselves. */
    List<Listed> getAll() {
        return List.copyOf(all);
    }

    /** The chosen parameters of a block that is to be wrapped, or null for one that is not. */
    List<Candidate> getChosen(Block block) {
        return units.get(block);
    }

    boolean knowsShapes() {
        return all.stream().allMatch(each -> each.candidate().shape() != null);
    }

    /** The names of the tensors that are in the frequency domain, now or when the plan is done. */
    List<String> getSpectralNames() {
        return all.stream()
                .filter(
                        each ->
                                each.choice().regularized()
                                        || each.candidate().owner()
                                                        instanceof FrequencyBlock wrapped
                                                && wrapped.isSpectral(each.candidate().parameter()))
                .map(each -> each.candidate().name())
                .toList();
    }

    /** The builder method that lets a parameter left alone be chosen, or null where none does. */
    String getRemedy(Candidate candidate) {
        return selection.remedy(candidate);
    }

    /** All chosen parameters. */
    List<Candidate> getAllChosen() {
        return units.values().stream().flatMap(Collection::stream).toList();
    }

    long countChosen() {
        return all.stream().filter(each -> each.choice().regularized()).count();
    }

    /** A parameter and what is chosen for it. */
    record Listed(Candidate candidate, TensorChoice choice) {}

    /**
     * A parameter of the model, under its first name, with the block that owns it and its shape if
     * that is known.
     */
    record Candidate(String name, LayerType layer, Parameter parameter, Block owner, Shape shape) {}
}
