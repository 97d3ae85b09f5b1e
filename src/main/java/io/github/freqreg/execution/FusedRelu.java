package io.github.freqreg.execution;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.freqreg.Internal;
import java.lang.reflect.Field;

/**
 * A ReLU block that can be fused with the factored convolution before it, see {@link
 * LayerExecutor}. If the channels of its input are not computed yet, it only adds the ReLU to that
 * computation; otherwise it computes the ReLU like DJL's block.
 *
 * <p>It is a {@code LambdaBlock} with the original's name, so printed networks do not change.
 */
@Internal
public final class FusedRelu extends LambdaBlock {

    private final LambdaBlock original;

    private FusedRelu(LambdaBlock original) {
        super(
                inputs ->
                        Unexpanded.unread(inputs)
                                .map(Unexpanded::relu)
                                .orElseGet(() -> Activation.relu(inputs)),
                original.getName());
        this.original = original;
        if (original.isInitialized()) {
            inputShapes = original.getInputShapes();
        }
    }

    /**
     * Returns the replacement of a block.
     *
     * @param block any block
     * @return the replacement, or the block itself if it is not DJL's ReLU
     */
    public static Block of(Block block) {
        return isRelu(block) ? new FusedRelu((LambdaBlock) block) : block;
    }

    /**
     * Returns the block that this one replaces.
     *
     * @return DJL's block, initialised if this one is
     */
    public LambdaBlock getOriginal() {
        if (isInitialized() && !original.isInitialized()) {
            // It has no parameters, so no manager is needed.
            original.initialize(null, DataType.FLOAT32, inputShapes);
        }
        return original;
    }

    /**
     * Returns whether a block was made by {@link Activation#reluBlock()}: its function is defined
     * in {@code Activation}, and its name is ReLU.
     */
    private static boolean isRelu(Block block) {
        if (block.getClass() != LambdaBlock.class
                || !((LambdaBlock) block).getName().equals("ReLU")) {
            return false;
        }
        try {
            Field lambda = LambdaBlock.class.getDeclaredField("lambda");
            lambda.setAccessible(true);
            return lambda.get(block).getClass().getName().startsWith(Activation.class.getName());
        } catch (ReflectiveOperationException | RuntimeException e) {
            return false;
        }
    }
}
