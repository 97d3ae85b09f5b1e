package io.github.freqreg;

import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2dTranspose;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * DJL's transposed convolutions, which the engine does not compute, and this library's that take
 * their place.
 */
final class TransposedLayers {

    private final Map<Block, Block> ours = new IdentityHashMap<>();
    private final Block network;

    /**
     * Replaces them.
     *
     * @param block a network
     */
    TransposedLayers(Block block) {
        network = BlockTree.replace(block, this::replacement);
    }

    private Block replacement(Block block) {
        if (block instanceof Conv2dTranspose layer) {
            return ours.computeIfAbsent(block, k -> TransposedConv2d.of(layer));
        } else if (block instanceof Conv1dTranspose layer) {
            return ours.computeIfAbsent(block, k -> TransposedConv1d.of(layer));
        }
        return block;
    }

    /** The network with this library's layers. */
    Block getNetwork() {
        return network;
    }

    /**
     * Refuses what DJL's PyTorch engine does not compute and this library cannot replace.
     *
     * @throws IllegalArgumentException if a class holds one of DJL's layers in a field
     */
    void checkNoneLeft() {
        checkNoneLeft(network, network);
    }

    private static void checkNoneLeft(Block parent, Block block) {
        if (block instanceof Conv2dTranspose || block instanceof Conv1dTranspose) {
            String theirs = block.getClass().getSimpleName();
            String ours =
                    (block instanceof Conv2dTranspose
                                    ? TransposedConv2d.class
                                    : TransposedConv1d.class)
                            .getName();
            throw new IllegalArgumentException(
                    parent.getClass().getName()
                            + " calls a "
                            + theirs
                            + " of its own, which DJL's PyTorch engine does not implement: build it"
                            + " with "
                            + ours
                            + ", which takes the same options");
        }
        block.getChildren().values().forEach(child -> checkNoneLeft(block, child));
    }

    /** Frees what DJL's layers have. */
    void clearOld() {
        ours.keySet().forEach(Block::clear);
    }

    /** Puts DJL's layers back. */
    void undo() {
        Map<Block, Block> old = new IdentityHashMap<>();
        ours.forEach((djl, layer) -> old.put(layer, djl));
        BlockTree.replace(network, block -> old.getOrDefault(block, block));
    }
}
