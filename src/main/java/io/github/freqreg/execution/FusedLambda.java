package io.github.freqreg.execution;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import io.github.freqreg.Internal;
import java.lang.reflect.Field;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Stands in for a block of DJL that has no parameters, so that it can be fused with the {@code
 * Unexpanded} output of a factored convolution before it.
 *
 * <p>It is a {@code LambdaBlock} with the original's name, so printed networks do not change.
 */
@Internal
public abstract sealed class FusedLambda extends LambdaBlock permits FusedRelu, FusedMaxPool {

    private final LambdaBlock original;

    FusedLambda(LambdaBlock original, Function<NDList, NDList> function) {
        super(function, original.getName());
        this.original = original;
        if (original.isInitialized()) {
            inputShapes = original.getInputShapes();
        }
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
     * Returns the function of a lambda block.
     *
     * @param block any block
     * @param names those of the blocks of interest
     * @return the function of a {@code LambdaBlock} with one of these names; nothing for others, or
     *     if the function cannot be read
     */
    static Optional<Object> functionOf(Block block, Set<String> names) {
        if (block.getClass() != LambdaBlock.class
                || !names.contains(((LambdaBlock) block).getName())) {
            return Optional.empty();
        }
        try {
            return read(LambdaBlock.class.getDeclaredField("lambda"), block);
        } catch (NoSuchFieldException e) {
            return Optional.empty();
        }
    }

    /** Returns the value of a field; nothing if it is null or cannot be read. */
    static Optional<Object> read(Field field, Object object) {
        try {
            field.setAccessible(true);
            return Optional.ofNullable(field.get(object));
        } catch (IllegalAccessException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** Returns whether a function is defined in a class. */
    static boolean isDefinedIn(Object function, Class<?> type) {
        return function.getClass().getName().startsWith(type.getName() + "$$Lambda");
    }
}
