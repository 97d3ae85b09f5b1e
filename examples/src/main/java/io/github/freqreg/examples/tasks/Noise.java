package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;

/** Normally distributed arrays from Java's generator, which depend only on its seed. */
final class Noise {

    private Noise() {}

    static NDArray normal(NDManager manager, Shape shape, Random random) {
        float[] numbers = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return manager.create(numbers, shape);
    }
}
