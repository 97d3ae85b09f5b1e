package io.github.freqreg.file;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.FrequencyAxes;

/** Tensors of zeros for documents. */
final class FrqEntries {

    private FrqEntries() {}

    /** A tensor that is stored element by element. */
    static FrqEntry zeros(String name, Shape shape) {
        float[] values = new float[Math.toIntExact(shape.size())];
        return new FrqEntry(name, shape, null, Precision.FLOAT32, values);
    }

    /** A tensor that is stored as coefficients. */
    static FrqEntry coefficients(String name, Shape shape, int kept) {
        return new FrqEntry(name, shape, FrequencyAxes.OWN, Precision.FLOAT32, new float[kept]);
    }
}
