package io.github.freqreg.spectrum;

import ai.djl.ndarray.types.Shape;

/**
 * What a tensor is before its coefficients change it, as an extension of the paper. With {@code c}
 * its kept coefficients, such a tensor is
 *
 * <pre>
 * w = θ₀ + s ⊙ IDCT(c)
 * </pre>
 *
 * <p>The start θ₀ and the signs s have the shape of the tensor and take no numbers in a file.
 */
public sealed interface TensorStart {

    /** The start of a convolution that passes its input through. */
    TensorStart IDENTITY = new Identity();

    /** {@return what a report says of the start} */
    String describe();

    /** {@return what a tensor needs to have the start, for a message} */
    String needs();

    /**
     * Returns whether a tensor can have the start.
     *
     * @param own the shape of the tensor
     * @return whether it can
     */
    boolean fits(Shape own);

    /**
     * A random start with random directions.
     *
     * <p>θ₀ is uniform between ±√(6 / m) / 2, where m is the number of elements of each entry of
     * the first axis: half of the initial weights of He and others (2015). A network of few
     * coefficients thus begins with the features of a random network. The elements of s are 1 or
     * -1. With them the coefficients move the weights in random directions (Li and others 2018,
     * <i>Measuring the Intrinsic Dimension of Objective Landscapes</i>), because signs and a cosine
     * transform make a fast random projection.
     *
     * <p>The i-th element in row-major order, from 0 on, has the random number z of SplitMix64
     * (Steele and others 2014),
     *
     * <pre>
     * z      = mix(mix(seed) + (i + 1) · 9e3779b97f4a7c15₁₆)      the seed as an unsigned number of 32 bits
     * mix(x) = y xor ⌊y / 2³¹⌋   with y = (u xor ⌊u / 2²⁷⌋) · 94d049bb133111eb₁₆
     *                         and  u = (x xor ⌊x / 2³⁰⌋) · bf58476d1ce4e5b9₁₆
     * </pre>
     *
     * <p>with all sums and products modulo 2⁶⁴. The highest bit of z is 1 if the element of s is
     * -1. The next 23 bits, b, give the element of θ₀ as ((2b + 1) / 2²³ - 1) · (√(6 / m) / 2),
     * computed in float64 and rounded to float32. All platforms compute the same numbers.
     *
     * @param seed of the numbers
     */
    record Seeded(int seed) implements TensorStart {

        /** {@inheritDoc} */
        @Override
        public String describe() {
            return "seed " + seed;
        }

        /** {@inheritDoc} */
        @Override
        public String needs() {
            return "at most " + StartValues.MOST_ELEMENTS + " elements";
        }

        /** {@inheritDoc} */
        @Override
        public boolean fits(Shape own) {
            return own.size() <= StartValues.MOST_ELEMENTS;
        }
    }

    /**
     * A start at which a convolution passes its input through, as a skip connection would
     * (Zagoruyko and Komodakis 2017, <i>DiracNets: Training Very Deep Neural Networks Without
     * Skip-Connections</i>).
     *
     * <p>The tensor has the shape (o, i, k₁, k₂, …) with o = i or o = 2i and odd k. θ₀ is 1 where
     * the first index equals the second, or exceeds it by i, and all others are in the middle;
     * elsewhere it is 0. All elements of s are 1.
     *
     * <p>Without it, the few low frequencies that each layer keeps let little through many layers.
     * A layer that computes with its rebuilt weight keeps θ₀ in memory.
     */
    record Identity() implements TensorStart {

        /** {@inheritDoc} */
        @Override
        public String describe() {
            return "identity";
        }

        /** {@inheritDoc} */
        @Override
        public String needs() {
            return "as many outputs as inputs, or twice as many, odd kernels and at most "
                    + StartValues.MOST_ELEMENTS
                    + " elements";
        }

        /** {@inheritDoc} */
        @Override
        public boolean fits(Shape own) {
            if (own.dimension() < 2 || own.size() > StartValues.MOST_ELEMENTS) {
                return false;
            }
            long inputs = own.get(1);
            for (int axis = 2; axis < own.dimension(); axis++) {
                if (own.get(axis) % 2 == 0) {
                    return false;
                }
            }
            return own.get(0) == inputs || own.get(0) == 2 * inputs;
        }
    }
}
