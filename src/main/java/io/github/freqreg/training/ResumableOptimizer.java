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
import java.util.concurrent.ConcurrentHashMap;

/**
 * An optimiser whose moments can be saved and follow a truncation: {@link Adam} or {@link Sgd}.
 *
 * <p>DJL's own keep their moments to themselves, so that a resumed training starts them anew.
 * {@link Checkpoint} saves these, and {@link #compact(Block)} carries them over.
 *
 * <p>An instance serves one trainer at a time. {@link #close()} frees the moments. Not safe for
 * concurrent use other than by its trainer.
 */
public abstract sealed class ResumableOptimizer extends Optimizer implements AutoCloseable
        permits Adam, Sgd {

    private final ParameterTracker learningRateTracker;
    private final Map<String, Map<String, Map<Device, NDArray>>> moments = new LinkedHashMap<>();
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();
    private int begin;
    private int updates;

    /**
     * Starts without moments.
     *
     * @param builder has what every optimiser has
     * @param names of the moments, an array of its own for each parameter
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
     * Returns how many steps the most often updated parameter has taken, t.
     *
     * @return the steps, those before a resume included
     */
    public final int getUpdates() {
        return updates;
    }

    /** {@inheritDoc} */
    @Override
    protected final int updateCount(String parameterId) {
        int count = counts.merge(parameterId, begin + 1, (old, first) -> old + 1);
        updates = Math.max(updates, count);
        return updates;
    }

    /** The learning rate of a step. */
    final float learningRate(String parameterId, int step) {
        float rate = learningRateTracker.getNewValue(parameterId, step);
        if (!Float.isFinite(rate)) {
            throw new IllegalArgumentException(
                    "The learning rate of update " + step + " must be finite but is " + rate);
        }
        return rate;
    }

    /** A moment of a parameter, zeros at first. */
    final NDArray moment(String name, String parameterId, NDArray weight) {
        return withDefaultState(
                moments.get(name), parameterId, weight.getDevice(), k -> weight.zerosLike());
    }

    /** What the moments are called. */
    final List<String> getNames() {
        return List.copyOf(moments.keySet());
    }

    /** The moments of a parameter by name; none before its first step. */
    final Map<String, float[]> getMoments(Parameter parameter) {
        Map<String, float[]> values = new LinkedHashMap<>();
        moments.forEach(
                (name, byParameter) -> {
                    Map<Device, NDArray> byDevice = byParameter.get(parameter.getId());
                    if (byDevice != null) {
                        values.put(name, floats(byDevice.values().iterator().next()));
                    }
                });
        return values;
    }

    private static float[] floats(NDArray array) {
        try (NDArray floats = array.toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }

    /**
     * Frees what truncation has cut, in every wrapped block of a network and in the moments: what
     * is kept goes on with the moments that it has. To be called between two trainers.
     *
     * @param block a block that was wrapped, trained by this optimiser
     * @throws IllegalStateException if it is not initialised, or not wrapped
     */
    public final void compact(Block block) {
        Map<String, Map<String, float[]>> old = new HashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            old.put(each.getKey(), getMoments(each.getValue()));
        }
        FrequencyBlocks.compact(block);
        Map<Parameter, Map<String, float[]>> kept = new HashMap<>();
        for (Pair<String, Parameter> each : block.getParameters()) {
            kept.put(each.getValue(), old.get(each.getKey()));
        }
        resume(updates, kept);
    }

    /** Goes on from saved moments; of a shorter parameter, from the first of them. */
    final void resume(int steps, Map<Parameter, Map<String, float[]>> saved) {
        close();
        begin = steps;
        updates = steps;
        saved.forEach(
                (parameter, values) ->
                        values.forEach((name, numbers) -> resume(name, parameter, numbers)));
    }

    private void resume(String name, Parameter parameter, float[] numbers) {
        NDArray array = parameter.getArray();
        float[] first = Arrays.copyOf(numbers, (int) array.size());
        withDefaultState(
                moments.get(name),
                parameter.getId(),
                array.getDevice(),
                k ->
                        array.getManager()
                                .create(first, array.getShape())
                                .toType(array.getDataType(), false));
    }

    /** Frees the moments; the next step starts them anew. */
    @Override
    public final void close() {
        for (Map<String, Map<Device, NDArray>> byParameter : moments.values()) {
            byParameter.values().forEach(byDevice -> byDevice.values().forEach(NDArray::close));
            byParameter.clear();
        }
        counts.clear();
    }

    /** What the builders have in common. */
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
         * @param tracker gives it for each step
         * @return this builder
         */
        public T optLearningRateTracker(ParameterTracker tracker) {
            learningRateTracker = tracker;
            return self();
        }
    }
}
