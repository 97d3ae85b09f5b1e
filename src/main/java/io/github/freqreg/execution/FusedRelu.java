package io.github.freqreg.execution;

import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.freqreg.Internal;
import java.util.Set;

/**
 * A ReLU block. If the channels of its input are not computed yet, it only adds the ReLU to that
 * computation; otherwise it computes the ReLU like DJL's block.
 */
@Internal
public final class FusedRelu extends FusedLambda {

    private FusedRelu(LambdaBlock original) {
        super(
                original,
                inputs ->
                        Unexpanded.unread(inputs)
                                .map(Unexpanded::relu)
                                .orElseGet(() -> Activation.relu(inputs)));
    }

    /**
     * Returns the replacement of a block.
     *
     * @param block any block
     * @return the replacement, or the block itself if it was not made by {@link
     *     Activation#reluBlock()}
     */
    public static Block of(Block block) {
        return functionOf(block, Set.of("ReLU"))
                .filter(function -> isDefinedIn(function, Activation.class))
                .<Block>map(function -> new FusedRelu((LambdaBlock) block))
                .orElse(block);
    }
}
