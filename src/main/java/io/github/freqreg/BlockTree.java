package io.github.freqreg;

import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Walks a tree of blocks, and replaces children where that changes what the parent computes.
 *
 * <p>DJL 0.36 has no public way to replace a child: {@code getChildren()} is a copy, and {@code
 * AbstractBlock.children} is protected. This class alone holds that access. Where it is closed, as
 * in a strict module system, {@link #canReplaceChildren} says no and composites are wrapped whole.
 *
 * <p>Replacing is sound only where the parent runs the blocks of that list: {@code
 * SequentialBlock}, {@code ParallelBlock}, and subclasses that add neither fields nor a forward
 * method. A class that calls private fields of its own would go on calling the old child.
 */
final class BlockTree {

    private static final Field CHILDREN = openChildren();

    private BlockTree() {}

    private static Field openChildren() {
        try {
            Field field = AbstractBlock.class.getDeclaredField("children");
            field.setAccessible(true);
            return field.getType() == BlockList.class ? field : null;
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
     * Replaces blocks, top-down, through all parents that allow it.
     *
     * @param root where to start
     * @param replacement what a block becomes; a block that stays is walked into
     * @return what the root becomes
     */
    static Block replace(Block root, UnaryOperator<Block> replacement) {
        Block changed = replacement.apply(root);
        if (changed != root || !canReplaceChildren(root)) {
            return changed;
        }
        try {
            BlockList children = (BlockList) CHILDREN.get(root);
            for (int i = 0; i < children.size(); i++) {
                Pair<String, Block> child = children.get(i);
                Block next = replace(child.getValue(), replacement);
                if (next != child.getValue()) {
                    children.remove(i);
                    children.add(i, child.getKey(), next);
                }
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("AbstractBlock.children was open at start", e);
        }
        return root;
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

    /** The parameters of a tree under their first names; one that is shared appears once. */
    static Map<String, Parameter> parameters(Block root) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Pair<String, Parameter> entry : root.getParameters()) {
            if (seen.add(entry.getValue())) {
                parameters.put(entry.getKey(), entry.getValue());
            }
        }
        return parameters;
    }
}
