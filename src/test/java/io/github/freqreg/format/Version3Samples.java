package io.github.freqreg.format;

import static io.github.freqreg.format.Precision.Kind.FLOAT16;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.List;

/** Files of version 3 that a reader must accept or refuse. Their checksums are correct. */
final class Version3Samples {

    private Version3Samples() {}

    static List<Sample> all() {
        byte[] plain = Version2Samples.linear().encode();
        plain[3] = 3;
        return List.of(
                Sample.good(
                        "3-seeds.frq",
                        seeds().encode(),
                        "Tensors with the first seed, with none, with the next seed and with another."),
                Sample.bad(
                        "3-seed-again.frq",
                        new CodeBytes().seed(1).seal(3),
                        "The next seed is not encoded as such; a content has one encoding.",
                        "the seed of tensor 0 is the next one but is not encoded as such"),
                Sample.bad(
                        "3-none.frq",
                        new CodeBytes().elements(FLOAT16).name('w').shape(0).seal(3),
                        "No tensor has a seed; the file would be of version 2.",
                        "expected a tensor with a seeded start in a file of version 3"));
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
