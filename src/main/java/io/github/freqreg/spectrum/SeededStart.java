package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Weights that a tensor has before training, and the directions in which training changes them.
 * Both follow from a seed, so a file stores neither.
 *
 * <p>With {@code c} the kept coefficients, the tensor is
 *
 * <pre>
 * w = θ₀ + s ⊙ IDCT(c)
 * </pre>
 *
 * <p>Each element of θ₀ is uniform between ±√(6 / m) / 2, where m is the number of elements of each
 * entry of the first axis; that is half of the initial weights of He and others (2015). Each
 * element of s is 1 or -1. A network of few coefficients so begins with the features of a random
 * one, and its coefficients are random directions (Li and others 2018, <i>Measuring the Intrinsic
 * Dimension of Objective Landscapes</i>), because signs and a cosine transform make a fast random
 * projection.
 *
 * <p>The i-th element in row-major order, from 0 on, has the random number
 *
 * <pre>
 * z = mix(mix(seed) + (i + 1) · 9e3779b97f4a7c15₁₆)  mod 2⁶⁴, with the seed from 0 to 2³² - 1
 * mix(x): x = (x xor x / 2³⁰) · bf58476d1ce4e5b9₁₆, x = (x xor x / 2²⁷) · 94d049bb133111eb₁₆,
 *         x xor x / 2³¹
 * </pre>
 *
 * <p>of SplitMix64 (Steele and others 2014). Its highest bit is 1 if the sign is negative; the next
 * 23 bits b give the element of θ₀ as ((2b + 1) / 2²³ - 1) · √(6 / m) / 2, rounded to float32. All
 * platforms compute the same numbers.
 *
 * <p>Safe for concurrent use.
 */
final class SeededStart {

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
            return floats.toType(type, false);
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
