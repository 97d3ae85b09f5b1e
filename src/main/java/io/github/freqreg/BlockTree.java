package io.github.freqreg;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.SymbolBlock;
import ai.djl.util.Pair;
import io.github.freqreg.execution.FusedRelu;
import io.github.freqreg.nn.BatchStatisticsNorm;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Walks a tree of blocks, and replaces children where that changes what the parent computes.
 *
 * <p>DJL 0.36 has no public way to replace a child: {@code getChildren()} is a copy, and {@code
 * AbstractBlock.children} is protected. This class alone holds that access. Where it is closed, as
 * in a strict module system, {@link #canReplaceChildren} says no and composites are wrapped whole.
 * The same is true of {@code AbstractBaseBlock.inputShapes}, which is put back after a trial
 * initialisation.
 *
 * <p>Replacing is sound only where the parent runs the blocks of that list: {@code
 * SequentialBlock}, {@code ParallelBlock}, and subclasses that add neither fields nor a forward
 * method. A class that calls private fields of its own would go on calling the old child; but where
 * such a child is a sequential or parallel block, the blocks in it can be replaced.
 */
final class BlockTree {

    private static final Field CHILDREN = open(AbstractBlock.class, "children", BlockList.class);

    private static final Field INPUT_SHAPES =
            open(AbstractBaseBlock.class, "inputShapes", Shape[].class);

    private static final String FREQUENCY_BLOCK = FrequencyBlock.class.getSimpleName();

    private BlockTree() {}

    private static Field open(Class<?> owner, String name, Class<?> type) {
        try {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field.getType() == type ? field : null;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null;
        }
    }

    /** Whether a parent runs exactly the blocks of its child list, and the list can be changed. */
    static boolean canReplaceChildren(Block parent) {
        if (CHILDREN == null) {
            return false;
        }
        Class<?> type = parent.getClass();
        while (type != SequentialBlock.class && type != ParallelBlock.class) {
            if (type == null || !onlyConstructs(type)) {
                return false;
            }
            type = type.getSuperclass();
        }
        return true;
    }

    private static boolean onlyConstructs(Class<?> type) {
        for (Field field : type.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
                return false;
            }
        }
        for (Method method : type.getDeclaredMethods()) {
            if (method.getName().startsWith("forward")) {
                return false;
            }
        }
        return true;
    }

    /**
     * Replaces blocks, top-down, in all lists of children that allow it. A class of its own keeps
     * its children, but what is in their lists can be replaced.
     *
     * @param root where to start
     * @param replacement what a block becomes; a block that stays is walked into
     * @return what the root becomes
     */
    static Block replace(Block root, UnaryOperator<Block> replacement) {
        Block changed = replacement.apply(root);
        if (changed == root) {
            replaceInside(root, replacement);
        }
        return changed;
    }

    private static void replaceInside(Block parent, UnaryOperator<Block> replacement) {
        if (!canReplaceChildren(parent)) {
            parent.getChildren().values().forEach(child -> replaceInside(child, replacement));
            return;
        }
        try {
            BlockList children = (BlockList) CHILDREN.get(parent);
            for (int i = 0; i < children.size(); i++) {
                replace(children, i, replace(children.valueAt(i), replacement));
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("AbstractBlock.children was open at start", e);
        }
    }

    /**
     * Whether a class of its own calls its children alone, as far as its fields tell: none of them
     * holds a block from deeper in the tree, which would be called past the list that it is in.
     */
    static boolean callsChildrenAlone(Block parent) {
        Set<Block> deeper = Collections.newSetFromMap(new IdentityHashMap<>());
        parent.getChildren().values().forEach(child -> addInside(child, deeper));
        try {
            for (Class<?> type = parent.getClass();
                    type != null && type != AbstractBlock.class && type != Object.class;
                    type = type.getSuperclass()) {
                for (Field field : type.getDeclaredFields()) {
                    if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
                        continue;
                    }
                    field.setAccessible(true);
                    if (holdsOneOf(field.get(parent), deeper)) {
                        return false;
                    }
                }
            }
            return true;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return false;
        }
    }

    private static void addInside(Block block, Set<Block> found) {
        for (Block child : block.getChildren().values()) {
            if (found.add(child)) {
                addInside(child, found);
            }
        }
    }

    private static boolean holdsOneOf(Object value, Set<Block> blocks) {
        if (value instanceof Map<?, ?> map) {
            return holdsOneOf(map.values(), blocks);
        } else if (value instanceof Iterable<?> each) {
            for (Object one : each) {
                if (one != value && holdsOneOf(one, blocks)) {
                    return true;
                }
            }
            return false;
        } else if (value instanceof Object[] array) {
            return holdsOneOf(Arrays.asList(array), blocks);
        } else if (value instanceof Pair<?, ?> pair) {
            return holdsOneOf(pair.getValue(), blocks);
        }
        return value instanceof Block block && blocks.contains(block);
    }

    /**
     * Prepares frequency blocks of sequential blocks to be computed together with the batch
     * statistics and ReLU that follow them.
     *
     * <p>Only an optimisation: whatever block follows later, the network computes the same.
     */
    static void fuseFollowers(Block root) {
        Map<Block, Block> fused = new IdentityHashMap<>();
        forSequences(
                root,
                children -> {
                    for (int i = 0; i + 1 < children.size(); i++) {
                        if (!(children.valueAt(i) instanceof FrequencyBlock block)
                                || !block.canFuse()) {
                            continue;
                        }
                        int relu = children.valueAt(i + 1) instanceof BatchStatisticsNorm ? 2 : 1;
                        boolean follows = relu == 2;
                        if (i + relu < children.size()) {
                            Block original = children.valueAt(i + relu);
                            Block ours = fused.computeIfAbsent(original, FusedRelu::of);
                            replace(children, i + relu, ours);
                            follows |= ours instanceof FusedRelu;
                        }
                        block.setFusible(follows);
                    }
                });
    }

    private static void replace(BlockList children, int at, Block block) {
        if (children.valueAt(at) != block) {
            String key = children.keyAt(at);
            children.remove(at);
            children.add(at, key, block);
        }
    }

    /** In how many places of the tree a block is. */
    private static void countUses(Block parent, Map<Block, Integer> uses) {
        for (Block child : parent.getChildren().values()) {
            if (uses.merge(child, 1, Integer::sum) == 1) {
                countUses(child, uses);
            }
        }
    }

    /** What stands right before a block in a sequential one; no block that stands in several. */
    static Map<Block, Block> before(Block root) {
        Map<Block, Integer> uses = new IdentityHashMap<>();
        countUses(root, uses);
        Map<Block, Block> before = new IdentityHashMap<>();
        forSequences(
                root,
                children -> {
                    for (int i = 1; i < children.size(); i++) {
                        if (uses.getOrDefault(children.valueAt(i), 0) == 1) {
                            before.put(children.valueAt(i), children.valueAt(i - 1));
                        }
                    }
                });
        return before;
    }

    /** Visits the lists of sequential blocks, each once. */
    private static void forSequences(Block root, Consumer<BlockList> visitor) {
        if (CHILDREN != null) {
            forSequences(root, visitor, Collections.newSetFromMap(new IdentityHashMap<>()));
        }
    }

    private static void forSequences(Block block, Consumer<BlockList> visitor, Set<Block> seen) {
        if (!seen.add(block)) {
            return;
        }
        if (block instanceof SequentialBlock && canReplaceChildren(block)) {
            try {
                visitor.accept((BlockList) CHILDREN.get(block));
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("AbstractBlock.children was open at start", e);
            }
        }
        for (Block child : block.getChildren().values()) {
            forSequences(child, visitor, seen);
        }
    }

    /** The blocks of a tree that {@link #replace} can put others in place of. */
    static Set<Block> replaceable(Block root) {
        Set<Block> found = Collections.newSetFromMap(new IdentityHashMap<>());
        replace(
                root,
                block -> {
                    found.add(block);
                    return block;
                });
        return found;
    }

    /** The frequency blocks of a tree, each once, in its order. */
    static List<FrequencyBlock> frequencyBlocks(Block root) {
        List<FrequencyBlock> found = new ArrayList<>();
        collect(root, found, Collections.newSetFromMap(new IdentityHashMap<>()));
        return found;
    }

    private static void collect(Block block, List<FrequencyBlock> found, Set<Block> seen) {
        if (!seen.add(block)) {
            return;
        }
        if (block instanceof FrequencyBlock frequencyBlock) {
            found.add(frequencyBlock);
        }
        for (Block child : block.getChildren().values()) {
            collect(child, found, seen);
        }
    }

    /**
     * Remembers for which inputs the blocks of a tree are initialised.
     *
     * @return puts it back
     */
    static Runnable rememberInputShapes(Block root) {
        if (INPUT_SHAPES == null) {
            return () -> {};
        }
        Map<Block, Shape[]> shapes = new IdentityHashMap<>();
        try {
            addInputShapes(root, shapes);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("AbstractBaseBlock.inputShapes was open at start", e);
        }
        return () ->
                shapes.forEach(
                        (block, its) -> {
                            try {
                                INPUT_SHAPES.set(block, its);
                            } catch (IllegalAccessException e) {
                                throw new IllegalStateException(e);
                            }
                        });
    }

    private static void addInputShapes(Block block, Map<Block, Shape[]> shapes)
            throws IllegalAccessException {
        if (block instanceof AbstractBaseBlock && !shapes.containsKey(block)) {
            shapes.put(block, (Shape[]) INPUT_SHAPES.get(block));
        }
        if (block instanceof FrequencyBlock wrapper) {
            addInputShapes(wrapper.getWrapped(), shapes);
        }
        for (Block child : block.getChildren().values()) {
            addInputShapes(child, shapes);
        }
    }

    /**
     * The name of a child in the names of parameters.
     *
     * <p>DJL numbers a child and adds its class. A layer has the same name whether it was wrapped
     * before it was added to its parent or after.
     */
    static String nameOf(Pair<String, Block> child) {
        String key = child.getKey();
        if (!key.endsWith(FREQUENCY_BLOCK)) {
            return key;
        }
        // It may be plain again.
        Class<?> type =
                child.getValue() instanceof FrequencyBlock block
                        ? block.getWrappedType()
                        : child.getValue().getClass();
        return key.substring(0, key.length() - FREQUENCY_BLOCK.length()) + type.getSimpleName();
    }

    /**
     * The parameters of a tree under their first names; one that is shared appears once.
     *
     * @throws IllegalStateException if two parameters have the same name
     */
    static Map<String, Parameter> parameters(Block root) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        addParameters(root, "", parameters, Collections.newSetFromMap(new IdentityHashMap<>()));
        return parameters;
    }

    private static void addParameters(
            Block block, String prefix, Map<String, Parameter> found, Set<Parameter> seen) {
        for (Pair<String, Parameter> entry : block.getDirectParameters()) {
            String name = prefix + entry.getKey();
            if (seen.add(entry.getValue()) && found.put(name, entry.getValue()) != null) {
                throw new IllegalStateException(
                        "Two parameters of the network are named "
                                + name
                                + ": parameters are told apart by their names, so add their blocks"
                                + " under different ones");
            }
        }
        for (Pair<String, Block> child : block.getChildren()) {
            addParameters(child.getValue(), prefix + nameOf(child) + "_", found, seen);
        }
    }

    /** The shape of a parameter, or null. One of a symbol block tells it by its array alone. */
    static Shape shapeOf(Parameter parameter) {
        return parameter.isInitialized() ? parameter.getArray().getShape() : parameter.getShape();
    }

    /**
     * The parameters of a tree that cannot be written to: those of symbol blocks that were loaded
     * for inference alone.
     */
    static Set<Parameter> readOnlyParameters(Block root) {
        Set<Parameter> found = Collections.newSetFromMap(new IdentityHashMap<>());
        addReadOnly(root, found);
        return found;
    }

    private static void addReadOnly(Block block, Set<Parameter> found) {
        if (block instanceof SymbolBlock) {
            block.getDirectParameters().values().stream()
                    .filter(each -> each.isInitialized() && !InPlace.canWrite(each.getArray()))
                    .forEach(found::add);
        }
        block.getChildren().values().forEach(child -> addReadOnly(child, found));
    }

    /** The tensors in the frequency domain by the names that their parameters have now. */
    static Map<String, SpectralParameter> spectralByName(Block root) {
        Map<Parameter, SpectralParameter> spectral = spectralParameters(root);
        Map<String, SpectralParameter> found = new LinkedHashMap<>();
        parameters(root)
                .forEach(
                        (name, parameter) -> {
                            if (spectral.containsKey(parameter)) {
                                found.put(name, spectral.get(parameter));
                            }
                        });
        return found;
    }

    /** The tensors in the frequency domain, by what the optimiser sees of them. */
    static Map<Parameter, SpectralParameter> spectralParameters(Block root) {
        Map<Parameter, SpectralParameter> spectral = new IdentityHashMap<>();
        for (FrequencyBlock each : frequencyBlocks(root)) {
            each.getSpectralParameters().forEach(t -> spectral.put(t.getCoefficients(), t));
        }
        return spectral;
    }
}
