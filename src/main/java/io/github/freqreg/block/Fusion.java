package io.github.freqreg.block;

import ai.djl.nn.Block;
import ai.djl.nn.BlockList;
import ai.djl.nn.norm.BatchNorm;
import io.github.freqreg.execution.FusedLambda;
import io.github.freqreg.execution.FusedMaxPool;
import io.github.freqreg.execution.FusedRelu;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.nn.ChannelConcat;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Fuses batch normalisation, ReLU and max pooling with the frequency block before them in a
 * sequential block, and lets the last layer of a {@link ChannelConcat.Branch} wait for the
 * concatenation.
 *
 * <p>Fusion is only an optimisation: the network computes the same, whatever block follows later.
 */
final class Fusion {

    private Fusion() {}

    /**
     * Replaces DJL's batch normalisation, ReLU and max pooling by blocks that can be fused, and
     * tells each frequency block whether one follows. Max pooling is replaced in all sequential
     * blocks, because predictions compute it faster than DJL's block.
     *
     * @param root of the network
     */
    static void fuse(Block root) {
        Map<Block, Block> fused = new IdentityHashMap<>();
        ChildBlocks.forSequences(
                root,
                (sequence, children) -> {
                    fuse(children, fused);
                    if (sequence instanceof ChannelConcat.Branch) {
                        passOn(children);
                    }
                });
    }

    private static void fuse(BlockList children, Map<Block, Block> fused) {
        for (int i = 0; i < children.size(); i++) {
            replace(children, i, fused, FusedMaxPool::of);
        }
        for (int i = 0; i + 1 < children.size(); i++) {
            if (!(children.valueAt(i) instanceof FrequencyBlock block)
                    || !block.getPass().canFuse()) {
                continue;
            }
            boolean normalized = fuseNorm(children, i + 1, fused);
            int relu = normalized ? i + 2 : i + 1;
            boolean rectified = relu < children.size() && fuseRelu(children, relu, fused);
            boolean pooled =
                    rectified
                            && relu + 1 < children.size()
                            && children.valueAt(relu + 1) instanceof FusedMaxPool;
            boolean projected =
                    children.valueAt(i + 1) instanceof FrequencyBlock next
                            && next.getPass().canFuse();
            boolean waits = normalized || projected;
            block.getPass().setWaiting(waits || pooled, waits || rectified);
        }
    }

    /** Makes the last layer of a branch pass its output on before the channels are computed. */
    private static void passOn(BlockList children) {
        if (children.isEmpty()) {
            return;
        }
        if (children.valueAt(children.size() - 1) instanceof FrequencyBlock last
                && last.getPass().canFuse()) {
            last.getPass().setWaiting(true, true);
        }
    }

    private static boolean fuseNorm(BlockList children, int at, Map<Block, Block> fused) {
        Block block =
                replace(
                        children,
                        at,
                        fused,
                        each ->
                                FusedNorm.canFuse(each)
                                        ? new FusedBatchNorm((BatchNorm) each)
                                        : each);
        return block instanceof FusedBatchNorm
                || block instanceof BatchStatisticsNorm
                || block instanceof FrequencyBlock wrapper
                        && FusedNorm.canFuse(wrapper.getWrapped());
    }

    private static boolean fuseRelu(BlockList children, int at, Map<Block, Block> fused) {
        return replace(children, at, fused, FusedRelu::of) instanceof FusedRelu;
    }

    /** Replaces a block, at all its places by the same one, and returns what stands there now. */
    private static Block replace(
            BlockList children, int at, Map<Block, Block> fused, UnaryOperator<Block> maker) {
        Block block = children.valueAt(at);
        Block replacement = fused.containsKey(block) ? fused.get(block) : maker.apply(block);
        if (!replacement.equals(block)) {
            fused.put(block, replacement);
            ChildBlocks.put(children, at, replacement);
        }
        return replacement;
    }

    /** Returns DJL's own block if this one is a fused one, or the block itself. */
    static Block undo(Block block) {
        if (block instanceof StandIn standIn) {
            return standIn.getOriginal();
        }
        return block instanceof FusedLambda lambda ? lambda.getOriginal() : block;
    }
}
