package io.github.freqreg.format;

import static io.github.freqreg.format.Precision.Kind.FLOAT16;
import static io.github.freqreg.format.Precision.Kind.STEPS;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.util.List;

/** Files of version 3 that a reader must accept or refuse. Their checksums are correct. */
final class Version3Samples {

    private Version3Samples() {}

    static List<Sample> all() {
        return List.of(
                Sample.good(
                        "3-seeds.frq",
                        seeds().encode(),
                        "Tensors with the first seed, with the next seed, with none and with"
                                + " another; axes that are repeated, and axes that are not because"
                                + " others come between."),
                Sample.bad(
                        "3-seed-again.frq",
                        new CodeBytes().seed(1).seal(3),
                        "The next seed is not encoded as such; a content has one encoding.",
                        "the seed of tensor 0 is the next one but is not encoded as such"),
                Sample.bad(
                        "3-axes-again.frq",
                        firstOfTwo().nextSeed().newAxes(1, 2).seal(3),
                        "Repeated axes are not encoded as such; a content has one encoding.",
                        "the axes of tensor 1 repeat previous ones but are not encoded as a"
                                + " repeat"),
                Sample.bad(
                        "3-no-axes.frq",
                        twoTensors().flag(Flag.OWN_AXES, false).flag(Flag.SAME_AXES, true).seal(3),
                        "The first tensor repeats axes.",
                        "tensor 0 repeats the axes of a previous tensor, but all previous tensors"
                                + " have their own axes"),
                Sample.bad(
                        "3-axes-fit.frq",
                        firstOfTwo()
                                .nextSeed()
                                .flag(Flag.OWN_AXES, false)
                                .flag(Flag.SAME_AXES, true)
                                .kind(FLOAT16)
                                .name('b')
                                .shape(2, 2, 2)
                                .seal(3),
                        "A tensor of three axes repeats two weights.",
                        "the axes of tensor b do not fit it"),
                Sample.bad(
                        "3-none.frq",
                        new CodeBytes().elements(FLOAT16).name('w').shape(0).seal(3),
                        "No tensor has a seed; the file would be of version 2.",
                        "expected a tensor with a seeded start in a file of version 3"));
    }

    private static CodeBytes twoTensors() {
        return new CodeBytes().count(0).count(2).flag(Flag.NAMED, true).nextSeed();
    }

    /** Writes a file up to the head of the second of its two tensors. */
    private static CodeBytes firstOfTwo() {
        return twoTensors()
                .newAxes(1, 2)
                .kind(STEPS)
                .step(128, 0)
                .name('a')
                .shape(2, 2)
                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                .count(1)
                .multiple(2);
    }

    /** Layers with and without seeds and repeated axes. */
    static FrqDocument seeds() {
        FrequencyAxes weighted = new FrequencyAxes(null, List.of(1, 2));
        FrequencyAxes split = new FrequencyAxes(new Shape(2, 2, 3), List.of());
        return new FrqDocument(
                List.of(),
                List.of(
                        entry("a", seeded(FrequencyAxes.OWN, 1)),
                        entry("b", seeded(weighted, 2)),
                        entry("c", FrequencyAxes.OWN),
                        entry("d", weighted),
                        entry("e", seeded(split, -5)),
                        entry("f", seeded(weighted, -4))));
    }

    private static FrequencyAxes seeded(FrequencyAxes axes, int seed) {
        return axes.startingAt(new TensorStart.Seeded(seed));
    }

    private static FrqEntry entry(String name, FrequencyAxes axes) {
        return new FrqEntry(
                name, new Shape(4, 3), axes, Precision.ofStep(0.5f), new float[] {1, -0.5f});
    }
}
