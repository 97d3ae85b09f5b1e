package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The start θ₀ of a tensor and the signs s of its changes, {@code w = θ₀ + s ⊙ IDCT(c)}, computed
 * from a seed as {@link FrequencyAxes} specifies.
 *
 * <p>Safe for concurrent use.
 */
final class SeededStart {

    /** Arrays of Java hold the elements. */
    static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final int BITS = 23;

    private final NDArray start;
    private final NDArray signs;

    private SeededStart(NDArray start, NDArray signs) {
        this.start = start;
        this.signs = signs;
    }

    /**
     * Computes the numbers of a tensor.
     *
     * @param seed of the tensor
     * @param own the shape of the tensor
     * @param shape that the arrays have, of as many elements
     * @param manager the owner of the numbers, on their device
     * @param type of the numbers
     */
    static SeededStart of(int seed, Shape own, Shape shape, NDManager manager, DataType type) {
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
        return new SeededStart(
                array(start, shape, manager, type), array(signs, shape, manager, type));
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

    private static long mix(long number) {
        long x = (number ^ number >>> 30) * 0xbf58476d1ce4e5b9L;
        x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
        return x ^ x >>> 31;
    }

    /** Returns the weights that a change makes of the start: θ₀ + s ⊙ change. */
    NDArray add(NDArray change) {
        return change.mul(signs).add(start);
    }

    /** Returns the change that makes weights of the start: s ⊙ (w - θ₀). */
    NDArray changeOf(NDArray weights) {
        return weights.sub(start).mul(signs);
    }
}
