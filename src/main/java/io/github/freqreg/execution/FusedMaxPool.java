package io.github.freqreg.execution;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.pooling.Pool;
import io.github.freqreg.Internal;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A max pooling block. In training, if the ReLU before it is not computed yet, it pools first and
 * applies the ReLU to the smaller result. The ReLU is monotonic, so outputs and gradients are the
 * same:
 *
 * <pre>
 * max(relu(x₁), relu(x₂), …) = relu(max(x₁, x₂, …))
 * </pre>
 */
@Internal
public final class FusedMaxPool extends FusedLambda {

    private static final Set<String> NAMES = Set.of("maxPool1d", "maxPool2d", "maxPool3d");

    private FusedMaxPool(LambdaBlock original, Function<NDList, NDList> pool) {
        super(
                original,
                inputs ->
                        Unexpanded.unread(inputs)
                                .flatMap(Unexpanded::withoutRelu)
                                .map(channels -> reluOf(channels, pool))
                                .orElseGet(() -> pool.apply(inputs)));
    }

    private static NDList reluOf(NDList channels, Function<NDList, NDList> pool) {
        try (channels;
                NDList pooled = pool.apply(channels)) {
            return Activation.relu(pooled);
        }
    }

    /**
     * Returns the replacement of a block.
     *
     * @param block any block
     * @return the replacement, or the block itself if it was not made by {@code maxPool1dBlock},
     *     {@code maxPool2dBlock} or {@code maxPool3dBlock} of {@link Pool}
     */
    public static Block of(Block block) {
        return functionOf(block, NAMES)
                .filter(FusedMaxPool::isPool)
                .<Block>map(function -> new FusedMaxPool((LambdaBlock) block, cast(function)))
                .orElse(block);
    }

    @SuppressWarnings("unchecked") // The type of LambdaBlock's field.
    private static Function<NDList, NDList> cast(Object function) {
        return (Function<NDList, NDList>) function;
    }

    /** Returns whether a function for lists, made by {@code LambdaBlock}, calls one of Pool. */
    private static boolean isPool(Object function) {
        return isDefinedIn(function, LambdaBlock.class)
                && Arrays.stream(function.getClass().getDeclaredFields())
                        .map(field -> read(field, function))
                        .flatMap(Optional::stream)
                        .anyMatch(called -> isDefinedIn(called, Pool.class));
    }
}
