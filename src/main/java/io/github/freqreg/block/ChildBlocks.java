package io.github.freqreg.block;

import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.util.Pair;
import io.github.freqreg.Internal;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * Replaces blocks of a network in the child lists of their parents.
 *
 * <p>DJL 0.36 has no public way to replace a child: {@code getChildren()} returns a copy, and
 * {@code AbstractBlock.children} is protected. This class is the only one that opens that field. If
 * the field cannot be opened, for example in a strict module system, {@link #canReplace} returns
 * false and composites are wrapped whole.
 *
 * <p>A replacement takes effect only if the parent runs the blocks of its child list. {@code
 * SequentialBlock}, {@code ParallelBlock} and subclasses that add neither fields nor a forward
 * method do. A class that calls its own private fields would go on calling the old child. Blocks
 * inside a sequential or parallel child of such a class can still be replaced.
 */
@Internal
public final class ChildBlocks {

    private static final PrivateField<AbstractBlock, BlockList> CHILDREN =
            new PrivateField<>(AbstractBlock.class, "children", BlockList.class);

    private ChildBlocks() {}

    /** Returns whether a block runs exactly the blocks of its child list, and the list is open. */
    static boolean canReplace(Block parent) {
        if (!CHILDREN.isOpen()) {
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
     * Replaces blocks, from the root down, in all child lists that allow it.
     *
     * @param root where to start
     * @param replacement returns the replacement of a block, or the block itself to keep it and to
     *     continue with its children
     * @return the replacement of the root
     */
    static Block replace(Block root, UnaryOperator<Block> replacement) {
        Block changed = replacement.apply(root);
        if (changed == root) {
            replaceInside(root, replacement);
        }
        return changed;
    }

    private static void replaceInside(Block parent, UnaryOperator<Block> replacement) {
        if (!canReplace(parent)) {
            parent.getChildren().values().forEach(child -> replaceInside(child, replacement));
            return;
        }
        BlockList children = CHILDREN.get((AbstractBlock) parent);
        for (int i = 0; i < children.size(); i++) {
            put(children, i, replace(children.valueAt(i), replacement));
        }
    }

    /**
     * Returns whether no field of a block refers to a block below its own children.
     *
     * <p>Such a field would call the block directly, and not the replacement in the child list.
     */
    static boolean callsChildrenAlone(Block parent) {
        Set<Block> deeper = Collections.newSetFromMap(new IdentityHashMap<>());
        parent.getChildren().values().forEach(child -> addInside(child, deeper));
        try {
            for (Field field : BlockFields.of(parent)) {
                if (holdsOneOf(field.get(parent), deeper)) {
                    return false;
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
     * Returns the block that a fused one takes the place of.
     *
     * @param block any block of a network
     * @return DJL's own block, or the block itself if it is not fused
     */
    public static Block original(Block block) {
        return Fusion.undo(block);
    }

    /** Puts a block into a child list in place of another, under the same name. */
    static void put(BlockList children, int at, Block block) {
        if (children.valueAt(at) != block) {
            String key = children.keyAt(at);
            children.remove(at);
            children.add(at, key, block);
        }
    }

    /** Replaces a child of a block that {@link #canReplace} allows to change, in all places. */
    static void exchange(Block parent, Block child, Block replacement) {
        BlockList children = CHILDREN.get((AbstractBlock) parent);
        for (int i = 0; i < children.size(); i++) {
            if (children.valueAt(i) == child) {
                put(children, i, replacement);
            }
        }
    }

    /** Counts the places of the tree in which each block occurs. */
    private static void countUses(Block parent, Map<Block, Integer> uses) {
        for (Block child : parent.getChildren().values()) {
            if (uses.merge(child, 1, Integer::sum) == 1) {
                countUses(child, uses);
            }
        }
    }

    /**
     * Maps each block to its predecessor in a sequential block. Blocks that occur in several places
     * of the tree are left out.
     *
     * @param root of the network
     * @return the predecessors
     */
    public static Map<Block, Block> predecessors(Block root) {
        Map<Block, Integer> uses = new IdentityHashMap<>();
        countUses(root, uses);
        Map<Block, Block> predecessors = new IdentityHashMap<>();
        forSequences(
                root,
                (sequence, children) -> {
                    for (int i = 1; i < children.size(); i++) {
                        if (uses.getOrDefault(children.valueAt(i), 0) == 1) {
                            predecessors.put(children.valueAt(i), children.valueAt(i - 1));
                        }
                    }
                });
        return predecessors;
    }

    /**
     * Returns the blocks that no skip connection bypasses: those that sequential blocks alone
     * contain. Sequential blocks that return intermediate outputs, subclasses of sequential blocks,
     * and blocks that occur in several places of the tree, are left out.
     *
     * @param root of the network
     * @return the blocks, without the sequential blocks
     */
    public static Set<Block> inSequence(Block root) {
        Map<Block, Integer> uses = new IdentityHashMap<>();
        uses.put(root, 1);
        countUses(root, uses);
        Set<Block> found = Collections.newSetFromMap(new IdentityHashMap<>());
        addInSequence(root, uses, found);
        return found;
    }

    private static void addInSequence(Block block, Map<Block, Integer> uses, Set<Block> found) {
        if (uses.getOrDefault(block, 0) != 1) {
            return;
        }
        if (!(block instanceof SequentialBlock sequence)) {
            found.add(block);
        } else if (sequence.getClass() == SequentialBlock.class
                && !sequence.isReturnIntermediate()) {
            block.getChildren().values().forEach(child -> addInSequence(child, uses, found));
        }
    }

    /**
     * Visits the child list of each sequential block at or below a root, if {@link #canReplace}
     * allows changing it. A list is visited once.
     *
     * @param root where to start
     * @param visitor receives the blocks and their lists, and may replace entries with {@link #put}
     */
    static void forSequences(Block root, BiConsumer<Block, BlockList> visitor) {
        if (CHILDREN.isOpen()) {
            forSequences(root, visitor, Collections.newSetFromMap(new IdentityHashMap<>()));
        }
    }

    private static void forSequences(
            Block block, BiConsumer<Block, BlockList> visitor, Set<Block> seen) {
        if (!seen.add(block)) {
            return;
        }
        if (block instanceof SequentialBlock && canReplace(block)) {
            visitor.accept(block, CHILDREN.get((AbstractBlock) block));
        }
        for (Block child : block.getChildren().values()) {
            forSequences(child, visitor, seen);
        }
    }

    /** Returns the blocks of a tree that {@link #replace} can replace. */
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
}
