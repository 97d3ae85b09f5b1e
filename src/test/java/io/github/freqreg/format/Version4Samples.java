package io.github.freqreg.format;

import static io.github.freqreg.format.Precision.Kind.FLOAT16;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.util.List;

/** Files of version 4 that a reader must accept or refuse. Their checksums are correct. */
final class Version4Samples {

    private Version4Samples() {}

    static List<Sample> all() {
        return List.of(
                Sample.good(
                        "4-identity.frq",
                        identity().encode(),
                        "Tensors that start at the identity, at a seed and without a start; axes"
                                + " that are repeated."),
                Sample.bad(
                        "4-none.frq",
                        new CodeBytes().elements(FLOAT16).name('w').shape(0).seal(4),
                        "No tensor starts at the identity; the file would be of version 2.",
                        "expected a tensor with the identity as its start in a file of version 4"),
                Sample.bad(
                        "4-shape.frq",
                        new CodeBytes().identity().kind(FLOAT16).name('a').shape(3, 2).seal(4),
                        "A tensor of three outputs and two inputs starts at the identity.",
                        "the axes of tensor a do not fit it"));
    }

    /** Layers with each start. */
    static FrqDocument identity() {
        FrequencyAxes weighted = new FrequencyAxes(null, List.of(1, 1, 4, 4));
        return new FrqDocument(
                List.of(),
                List.of(
                        entry("a", new Shape(3, 2, 3, 3), weighted),
                        entry("b", new Shape(4, 2, 3, 1), identity(weighted)),
                        entry("c", new Shape(2, 2, 3, 3), identity(FrequencyAxes.OWN)),
                        entry("d", new Shape(2, 2), identity(FrequencyAxes.OWN)),
                        entry(
                                "e",
                                new Shape(2, 2, 5, 5),
                                weighted.startingAt(new TensorStart.Seeded(1)))));
    }

    private static FrequencyAxes identity(FrequencyAxes axes) {
        return axes.startingAt(TensorStart.IDENTITY);
    }

    private static FrqEntry entry(String name, Shape shape, FrequencyAxes axes) {
        return new FrqEntry(name, shape, axes, Precision.ofStep(0.5f), new float[] {1, -0.5f});
    }
}
