package io.github.freqreg.format;

import static io.github.freqreg.format.Precision.Kind.FLOAT16;
import static io.github.freqreg.format.Precision.Kind.STEPS;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.List;

/** Files of version 3 that a reader must accept or refuse. Their checksums are correct. */
final class Version3Samples {

    private Version3Samples() {}

    static List<Sample> all() {
        return List.of(
                Sample.good(
                        "3-seeds.frq",
                        seeds().encode(),
                        "Tensors with the first seed, with none, with the next seed and with another; the axes of the last one are repeated."),
                Sample.bad(
                        "3-seed-again.frq",
                        new CodeBytes().seed(1).seal(3),
                        "The next seed is not encoded as such; a content has one encoding.",
                        "the seed of tensor 0 is the next one but is not encoded as such"),
                Sample.bad(
                        "3-axes-again.frq",
                        twoTensors()
                                .newAxes(1, 2)
                                .kind(STEPS)
                                .step(128, 0)
                                .name('a')
                                .shape(2, 2)
                                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                .count(1)
                                .multiple(2)
                                .nextSeed()
                                .newAxes(1, 2)
                                .seal(3),
                        "Repeated axes are not encoded as such; a content has one encoding.",
                        "the axes of tensor 1 repeat previous ones but are not encoded as a"
                                + " repeat"),
                Sample.bad(
                        "3-no-axes.frq",
                        twoTensors().flag(Flag.OWN_AXES, false).flag(Flag.SAME_AXES, true).seal(3),
                        "The first tensor repeats axes.",
                        "tensor 0 repeats the axes of a previous one, but none before it has axes"
                                + " that are not its own"),
                Sample.bad(
                        "3-none.frq",
                        new CodeBytes().elements(FLOAT16).name('w').shape(0).seal(3),
                        "No tensor has a seed; the file would be of version 2.",
                        "expected a tensor with a seeded start in a file of version 3"));
    }

    private static CodeBytes twoTensors() {
        return new CodeBytes().count(0).count(2).flag(Flag.NAMED, true).nextSeed();
    }

    /** Four layers, of which three have a seed. */
    static FrqDocument seeds() {
        FrequencyAxes weighted = new FrequencyAxes(null, List.of(1, 2));
        return new FrqDocument(
                List.of(),
                List.of(
                        entry("a", FrequencyAxes.OWN.seeded(1)),
                        entry("b", FrequencyAxes.OWN),
                        entry("c", weighted.seeded(2)),
                        entry("d", weighted.seeded(-5))));
    }

    private static FrqEntry entry(String name, FrequencyAxes axes) {
        return new FrqEntry(
                name, new Shape(4, 3), axes, Precision.ofStep(0.5f), new float[] {1, -0.5f});
    }
}
