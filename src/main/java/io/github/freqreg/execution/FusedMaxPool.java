package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.Internal;
import io.github.freqreg.spectrum.GradientGraph;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A max pooling block. In training, if the ReLU before it is not computed yet, it pools first and
 * applies the ReLU to the smaller result. The ReLU is monotonic, so outputs and gradients are the
 * same:
 *
 * <pre>
 * max(relu(x₁), relu(x₂), …) = relu(max(x₁, x₂, …))
 * </pre>
 *
 * <p>In predictions on the CPU, outside of a gradient graph, it computes the maxima of {@link
 * PoolingWindows} itself. Any other pooling is left to the engine.
 */
@Internal
public final class FusedMaxPool extends FusedLambda {

    private static final Set<String> NAMES = Set.of("maxPool1d", "maxPool2d", "maxPool3d");

    private final Optional<PoolingWindows> windows;

    private FusedMaxPool(LambdaBlock original, Function<NDList, NDList> pool, Object called) {
        super(
                original,
                inputs ->
                        Unexpanded.unread(inputs)
                                .flatMap(Unexpanded::withoutRelu)
                                .map(channels -> reluOf(channels, pool))
                                .orElseGet(() -> pool.apply(inputs)));
        windows = PoolingWindows.of(captured(called).toList());
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (!training && windows.isPresent()) {
            NDArray maps = inputs.singletonOrThrow();
            if (maps.getDevice().equals(Device.cpu())
                    && windows.get().fit(maps.getShape())
                    && !GradientGraph.contains(maps)) {
                return new NDList(windows.get().maxima(maps));
            }
        }
        return super.forwardInternal(parameterStore, inputs, training, params);
    }

    Optional<PoolingWindows> getWindows() {
        return windows;
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
                .flatMap(function -> poolingBehind((LambdaBlock) block, function))
                .orElse(block);
    }

    /** Returns the replacement if a function, made by {@code LambdaBlock}, calls one of Pool. */
    private static Optional<Block> poolingBehind(LambdaBlock block, Object function) {
        return isDefinedIn(function, LambdaBlock.class)
                ? captured(function)
                        .filter(called -> isDefinedIn(called, Pool.class))
                        .<Block>map(called -> new FusedMaxPool(block, cast(function), called))
                        .findFirst()
                : Optional.empty();
    }

    @SuppressWarnings("unchecked") // The type of LambdaBlock's field.
    private static Function<NDList, NDList> cast(Object function) {
        return (Function<NDList, NDList>) function;
    }

    /** Returns the values that a function refers to. */
    private static Stream<Object> captured(Object function) {
        return Arrays.stream(function.getClass().getDeclaredFields())
                .map(field -> read(field, function))
                .flatMap(Optional::stream);
    }
}
