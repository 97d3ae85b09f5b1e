package io.github.freqreg.block;

import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2dTranspose;
import io.github.freqreg.Internal;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Replaces DJL's transposed convolutions, which its PyTorch engine does not implement, by those of
 * this library.
 */
@Internal
public final class TransposedLayers {

    private final Map<Block, Block> ours = new IdentityHashMap<>();
    private final Block network;

    /**
     * Replaces the layers of a network.
     *
     * @param block a network, which is unchanged if this fails
     * @throws IllegalArgumentException if a parameter of such a layer holds one array with another
     *     parameter: the two layers have different conventions for their weights
     */
    public TransposedLayers(Block block) {
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            if (!tensor.tied().isEmpty()) {
                checkNotTied(block, tensor);
            }
        }
        network = ChildBlocks.replace(block, this::replacement);
    }

    private static void checkNotTied(Block block, NetworkTensor tensor) {
        if (isTheirs(block)
                && block.getDirectParameters().values().stream()
                        .anyMatch(
                                each ->
                                        each == tensor.parameter()
                                                || tensor.tied().containsValue(each))) {
            throw new IllegalArgumentException(
                    "The parameter "
                            + tensor.name()
                            + " holds one array with "
                            + tensor.tied().keySet()
                            + ", and one of them belongs to a "
                            + block.getClass().getSimpleName()
                            + ", which has to be replaced: build a layer of "
                            + TransposedConv2d.class.getPackageName()
                            + ", whose weight has PyTorch's layout, or do not share the array");
        }
        block.getChildren().values().forEach(child -> checkNotTied(child, tensor));
    }

    private static boolean isTheirs(Block block) {
        return block instanceof Conv2dTranspose || block instanceof Conv1dTranspose;
    }

    private Block replacement(Block block) {
        if (block instanceof Conv2dTranspose layer) {
            return ours.computeIfAbsent(block, k -> TransposedConv2d.of(layer));
        } else if (block instanceof Conv1dTranspose layer) {
            return ours.computeIfAbsent(block, k -> TransposedConv1d.of(layer));
        }
        return block;
    }

    /**
     * Returns the network with this library's layers.
     *
     * @return the network to use from now on
     */
    public Block getNetwork() {
        return network;
    }

    /**
     * Checks that none of DJL's layers is left.
     *
     * @throws IllegalArgumentException if a class of the user's own calls one of DJL's layers,
     *     which cannot be replaced
     */
    public void checkNoneLeft() {
        checkNoneLeft(network, network);
    }

    private static void checkNoneLeft(Block parent, Block block) {
        if (isTheirs(block)) {
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
                            + " directly, but DJL's PyTorch engine does not implement that layer:"
                            + " replace it in that class by "
                            + ours
                            + ", which takes the same options");
        }
        block.getChildren().values().forEach(child -> checkNoneLeft(block, child));
    }

    /** Frees the parameters of DJL's layers. */
    public void clearOld() {
        ours.keySet().forEach(Block::clear);
    }

    /** Puts DJL's layers back and frees the parameters of this library's. */
    public void undo() {
        Map<Block, Block> old = new IdentityHashMap<>();
        ours.forEach((djl, layer) -> old.put(layer, djl));
        ChildBlocks.replace(network, block -> old.getOrDefault(block, block));
        ours.values().forEach(Block::clear);
    }
}
