package io.github.freqreg.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An optimiser whose moments survive a restart and a truncation: {@link Adam} or {@link Sgd}.
 *
 * <p>DJL's own optimisers keep their moments private, so a resumed training starts with zero
 * moments. {@link Checkpoint} saves and restores the moments of this class, and {@link
 * #compact(Block)} shortens them together with their parameters.
 *
 * <p>An instance serves one trainer at a time and is not safe for use by other threads. {@link
 * #close()} frees the moments.
 */
public abstract sealed class ResumableOptimizer extends Optimizer implements AutoCloseable
        permits Adam, Sgd {

    private final ParameterTracker learningRateTracker;
    private final Map<String, Map<String, Map<Device, NDArray>>> moments = new LinkedHashMap<>();
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();
    private int begin;
    private int updates;
    private long calls;

    /**
     * Creates an optimiser without moments.
     *
     * @param builder the common options
     * @param names the names of its moments
     */
    ResumableOptimizer(Builder<?> builder, String... names) {
        super(builder);
        begin = builder.begin;
        learningRateTracker = builder.learningRateTracker;
        updates = begin;
        for (String name : names) {
            moments.put(name, new ConcurrentHashMap<>());
        }
    }

    /**
     * Returns the number of updates t of the most often updated parameter.
     *
     * @return the updates, including those before a resume
     */
    public final int getUpdates() {
        return updates;
    }

    /** Returns how often any parameter was updated by this instance. */
    final long getCalls() {
        return calls;
    }

    /** {@inheritDoc} */
    @Override
    protected final int updateCount(String parameterId) {
        calls++;
        int count = counts.merge(parameterId, begin + 1, (old, first) -> old + 1);
        updates = Math.max(updates, count);
        return updates;
    }

    /** Returns the learning rate of a parameter at an update. */
    final float learningRate(String parameterId, int update) {
        float rate = learningRateTracker.getNewValue(parameterId, update);
        if (!Float.isFinite(rate)) {
            throw new IllegalArgumentException(
                    "The learning rate of update " + update + " must be finite but is " + rate);
        }
        return rate;
    }

    /** Returns a moment of a parameter, created as zeros on first use. */
    final NDArray moment(String name, String parameterId, NDArray weight) {
        return withDefaultState(
                byParameter(name), parameterId, weight.getDevice(), k -> weight.zerosLike());
    }

    private Map<String, Map<Device, NDArray>> byParameter(String name) {
        return Objects.requireNonNull(moments.get(name), name);
    }

    /** Returns the names of the moments. */
    final List<String> getNames() {
        return List.copyOf(moments.keySet());
    }

    /** Returns the moments of a parameter by name, or an empty map before its first update. */
    final Map<String, float[]> getMoments(Parameter parameter) {
        Map<String, float[]> values = new LinkedHashMap<>();
        moments.forEach(
                (name, byParameter) -> {
                    Map<Device, NDArray> byDevice = byParameter.get(parameter.getId());
                    if (byDevice != null) {
                        values.put(name, floats(onDeviceOf(parameter, byDevice)));
                    }
                });
        return values;
    }

    private static NDArray onDeviceOf(Parameter parameter, Map<Device, NDArray> byDevice) {
        Device device = parameter.getArray().getDevice();
        NDArray moments = byDevice.get(device);
        if (moments == null) {
            throw new IllegalStateException(
                    "The model is on "
                            + device
                            + " but is trained on "
                            + byDevice.keySet()
                            + ", and gets its numbers only when the trainer is closed: create the"
                            + " model on the first device it is trained on");
        }
        return moments;
    }

    private static float[] floats(NDArray array) {
        try (NDArray floats = array.toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }

    /**
     * Frees truncated coefficients of a network together with their moments. The remaining
     * coefficients keep their moments. Call this only while no trainer uses the network.
     *
     * @param block a wrapped network, trained by this optimiser
     * @throws IllegalStateException if the network is not initialised or not wrapped
     */
    public final void compact(Block block) {
        Map<String, Map<String, float[]>> old = new HashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            old.put(each.getKey(), getMoments(each.getValue()));
        }
        FrequencyBlocks.compact(block);
        Map<Parameter, Map<String, float[]>> kept = new HashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            kept.put(each.getValue(), old.getOrDefault(each.getKey(), Map.of()));
        }
        resume(updates, kept);
    }

    /** Restores saved moments. A parameter that has become shorter uses the first values. */
    final void resume(int updatesDone, Map<Parameter, Map<String, float[]>> saved) {
        close();
        begin = updatesDone;
        updates = updatesDone;
        saved.forEach(
                (parameter, values) ->
                        values.forEach((name, numbers) -> resume(name, parameter, numbers)));
    }

    private void resume(String name, Parameter parameter, float[] numbers) {
        NDArray array = parameter.getArray();
        float[] first = Arrays.copyOf(numbers, (int) array.size());
        withDefaultState(
                byParameter(name),
                parameter.getId(),
                array.getDevice(),
                k ->
                        array.getManager()
                                .create(first, array.getShape())
                                .toType(array.getDataType(), false));
    }

    /** Frees the moments. The next update starts from zero moments. */
    @Override
    public final void close() {
        for (Map<String, Map<Device, NDArray>> byParameter : moments.values()) {
            byParameter.values().forEach(byDevice -> byDevice.values().forEach(NDArray::close));
            byParameter.clear();
        }
        counts.clear();
    }

    /** The options that all optimisers share. */
    abstract static class Builder<T extends Builder<T>> extends OptimizerBuilder<T> {

        private ParameterTracker learningRateTracker = Tracker.fixed(0.001f);
        private int begin;

        /** {@inheritDoc} */
        @Override
        public T optBeginNumUpdate(int steps) {
            begin = steps;
            return self();
        }

        /**
         * Sets the learning rate η, by default 0.001.
         *
         * @param tracker the learning rate of each update
         * @return this builder
         */
        public T optLearningRateTracker(ParameterTracker tracker) {
            learningRateTracker = tracker;
            return self();
        }
    }
}
