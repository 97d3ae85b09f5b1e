package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;

/**
 * The start θ₀ of a tensor and the signs s of its changes, as {@link TensorStart} specifies them.
 *
 * <p>Safe for concurrent use.
 */
final class StartValues {

    /** Arrays of Java hold the elements. */
    static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final int BITS = 23;

    private final NDArray start;
    private final Optional<NDArray> signs;

    private StartValues(NDArray start, Optional<NDArray> signs) {
        this.start = start;
        this.signs = signs;
    }

    /**
     * Computes the numbers of a tensor.
     *
     * @param start of the tensor
     * @param own the shape of the tensor
     * @param shape that the arrays have, of as many elements
     * @param manager the owner of the numbers, on their device
     * @param type of the numbers
     */
    static StartValues of(
            TensorStart start, Shape own, Shape shape, NDManager manager, DataType type) {
        return start instanceof TensorStart.Seeded seeded
                ? random(seeded.seed(), own, shape, manager, type)
                : new StartValues(array(identity(own), shape, manager, type), Optional.empty());
    }

    private static StartValues random(
            int seed, Shape own, Shape shape, NDManager manager, DataType type) {
        int size = Math.toIntExact(own.size());
        double bound = Math.sqrt(6.0 * own.get(0) / size) / 2;
        float[] start = new float[size];
        float[] signs = new float[size];
        long first = mix(Integer.toUnsignedLong(seed));
        for (int i = 0; i < size; i++) {
            long random = mix(first + (i + 1) * GOLDEN);
            long fraction = random << 1 >>> Long.SIZE - BITS;
            signs[i] = random < 0 ? -1 : 1;
            start[i] = (float) ((Math.scalb(2.0 * fraction + 1, -BITS) - 1) * bound);
        }
        return new StartValues(
                array(start, shape, manager, type),
                Optional.of(array(signs, shape, manager, type)));
    }

    private static long mix(long number) {
        long x = (number ^ number >>> 30) * 0xbf58476d1ce4e5b9L;
        x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
        return x ^ x >>> 31;
    }

    private static float[] identity(Shape own) {
        int outputs = Math.toIntExact(own.get(0));
        int inputs = Math.toIntExact(own.get(1));
        int taps = Math.toIntExact(own.slice(2).size());
        float[] start = new float[Math.toIntExact(own.size())];
        for (int output = 0; output < outputs; output++) {
            start[(output * inputs + output % inputs) * taps + taps / 2] = 1;
        }
        return start;
    }

    private static NDArray array(float[] values, Shape shape, NDManager manager, DataType type) {
        NDArray floats = Dct.owned(manager.create(values, shape));
        if (type == DataType.FLOAT32) {
            return floats;
        }
        try (floats) {
            NDArray converted = floats.toType(type, false);
            NDScope.unregister(converted);
            return converted;
        }
    }

    /** Returns the weights that a change makes of the start: θ₀ + s ⊙ change. */
    NDArray add(NDArray change) {
        return signs.map(change::mul).orElse(change).add(start);
    }

    /** Returns the change that makes weights of the start: s ⊙ (w - θ₀). */
    NDArray changeOf(NDArray weights) {
        NDArray change = weights.sub(start);
        return signs.map(change::mul).orElse(change);
    }
}
