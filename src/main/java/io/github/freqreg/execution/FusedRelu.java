package io.github.freqreg.execution;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.freqreg.Internal;
import java.lang.reflect.Field;

/**
 * DJL's ReLU block, which can also be computed together with the factored convolution before it.
 *
 * <p>It is a {@code LambdaBlock} of the original's name, so a network looks the same with either.
 */
@Internal
public final class FusedRelu extends LambdaBlock {

    private final LambdaBlock original;

    private FusedRelu(LambdaBlock original) {
        super(
                inputs ->
                        Unexpanded.waiting(inputs)
                                .map(Unexpanded::relu)
                                .orElseGet(() -> Activation.relu(inputs)),
                original.getName());
        this.original = original;
        if (original.isInitialized()) {
            inputShapes = original.getInputShapes();
        }
    }

    /**
     * Takes the place of a block.
     *
     * @param block any block
     * @return a fused block, or the same block if it is not DJL's ReLU
     */
    public static Block of(Block block) {
        return isRelu(block) ? new FusedRelu((LambdaBlock) block) : block;
    }

    /**
     * Returns the block whose place this one took.
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
     * Tells whether a block is what {@link Activation#reluBlock()} makes: a function that {@code
     * Activation} defines, under the name of ReLU.
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
