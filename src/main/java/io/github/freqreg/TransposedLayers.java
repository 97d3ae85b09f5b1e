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
