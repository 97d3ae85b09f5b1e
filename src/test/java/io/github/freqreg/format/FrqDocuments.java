package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.Seeds;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Documents for tests: those of the released files, and random ones. */
final class FrqDocuments {

    /** The released files of each version. They must stay readable for ever. */
    static final List<String> FILES =
            List.of(
                    "v1-tiny.frq",
                    "v2-tiny.frq",
                    "v2-tiny-bare.frq",
                    "v2-steps.frq",
                    "v3-seeds.frq",
                    "v4-identity.frq");

    private FrqDocuments() {}

    static byte[] file(String name) throws IOException {
        try (InputStream in = FrqDocuments.class.getResourceAsStream("/format/" + name)) {
            return in.readAllBytes();
        }
    }

    /** The document of the released files named tiny. */
    static FrqDocument tiny() {
        return new FrqDocument(
                List.of(new Shape(-1, 1, 28, 300)),
                List.of(
                        new FrqEntry(
                                "01Conv2d_weight",
                                new Shape(2, 1, 3, 3),
                                FrequencyAxes.OWN,
                                Precision.FLOAT16,
                                new float[] {1.5f, -0.25f, 0x1p-24f}),
                        new FrqEntry(
                                "01Conv2d_bias",
                                new Shape(2),
                                null,
                                Precision.FLOAT32,
                                new float[] {0.1f, -70000}),
                        new FrqEntry(
                                "spektrum_\u03c9",
                                new Shape(200),
                                FrequencyAxes.OWN,
                                Precision.FLOAT32,
                                new float[] {3}),
                        new FrqEntry("", new Shape(), null, Precision.FLOAT16, new float[] {-2})));
    }

    /** The document of v2-steps.frq: multiples of steps, on axes that are split and weighted. */
    static FrqDocument stepped() {
        float[] values = new float[60];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.625f * (i * i * i % 23 - 11) / (1 + i / 8);
            values[i] = 0.3125f * Math.round(values[i] / 0.3125f);
        }
        return new FrqDocument(
                List.of(new Shape(1, 800)),
                List.of(
                        new FrqEntry(
                                "weight",
                                new Shape(500, 800),
                                new FrequencyAxes(new Shape(500, 50, 4, 4), List.of(1, 2, 3, 3)),
                                Precision.ofStep(0.3125f),
                                values),
                        new FrqEntry(
                                "bias",
                                new Shape(3),
                                null,
                                Precision.ofStep(0x1p-10f),
                                new float[] {1024, -0x1p-10f, 0})));
    }

    /** The seeds of random documents. */
    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    static Map<String, Shape> names(FrqDocument document) {
        Map<String, Shape> names = new LinkedHashMap<>();
        document.entries().forEach(entry -> names.put(entry.name(), entry.shape()));
        return names;
    }

    /** Compares everything but the layouts of shapes, which files do not hold. */
    static void assertSame(FrqDocument expected, FrqDocument actual) {
        assertEquals(expected.inputs(), actual.inputs());
        assertEquals(expected.entries().size(), actual.entries().size());
        for (int i = 0; i < expected.entries().size(); i++) {
            FrqEntry wanted = expected.entries().get(i);
            FrqEntry found = actual.entries().get(i);
            assertArrayEquals(wanted.values(), found.values());
            // A record compares arrays by identity.
            assertEquals(wanted, found.withValues(found.precision(), wanted.values()));
        }
    }

    static FrqDocument random(long seed) {
        Random random = new Random(Seeds.of(seed));
        List<Shape> inputs = new ArrayList<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            inputs.add(
                    new Shape(
                            random.longs(random.nextInt(6), -1, 1L << (1 + random.nextInt(40)))
                                    .toArray()));
        }
        List<FrqEntry> entries = new ArrayList<>();
        for (int left = random.nextInt(12); left > 0; left--) {
            entries.add(randomEntry(random, entries.size()));
        }
        return new FrqDocument(inputs, entries);
    }

    private static FrqEntry randomEntry(Random random, int index) {
        Shape shape =
                new Shape(
                        random.ints(random.nextInt(6), random.nextInt(4) == 0 ? 0 : 1, 7)
                                .asLongStream()
                                .toArray());
        boolean spectral = shape.dimension() > 0 && shape.size() > 0 && random.nextBoolean();
        Precision precision =
                switch (random.nextInt(3)) {
                    case 0 -> Precision.FLOAT16;
                    case 1 -> Precision.FLOAT32;
                    default -> Precision.ofStep((float) Math.exp(40 * random.nextGaussian() / 3));
                };
        int size = (int) shape.size();
        float[] values = new float[spectral ? 1 + random.nextInt(size) : size];
        int most = 1 << random.nextInt(21);
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (precision.kind()) {
                        case FLOAT16 -> randomHalf(random);
                        case FLOAT32 -> randomFloat(random);
                        default -> (random.nextInt(2 * most + 1) - most) * precision.step();
                    };
        }
        FrequencyAxes axes = spectral ? randomAxes(random, shape) : null;
        return new FrqEntry(randomName(random, index), shape, axes, precision, values);
    }

    private static FrequencyAxes randomAxes(Random random, Shape shape) {
        Shape split = random.nextInt(3) == 0 ? new Shape(1).addAll(shape) : null;
        int rank = shape.dimension() + (split == null ? 0 : 1);
        List<Integer> weights =
                switch (random.nextInt(4)) {
                    case 0 -> List.of();
                    case 1 -> random.ints(rank, 1, 65).boxed().toList();
                    // Likely to repeat those of a previous tensor.
                    default -> IntStream.range(2, rank + 2).boxed().toList();
                };
        FrequencyAxes axes = new FrequencyAxes(split, weights);
        return switch (random.nextInt(5)) {
            case 0 -> axes.startingAt(new TensorStart.Seeded(random.nextInt()));
            case 1 -> axes.startingAt(new TensorStart.Seeded(random.nextInt(3)));
            case 2 ->
                    TensorStart.IDENTITY.fits(shape) ? axes.startingAt(TensorStart.IDENTITY) : axes;
            default -> axes;
        };
    }

    /** Returns any finite float: large, tiny, subnormal, of either sign. */
    private static float randomFloat(Random random) {
        float value = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(value) ? value : random.nextBoolean() ? 0f : -0f;
    }

    private static float randomHalf(Random random) {
        float value = Float16Utils.halfToFloat((short) random.nextInt());
        return Float.isFinite(value) ? value : random.nextBoolean() ? 0f : -0f;
    }

    /** Returns a name with UTF-8 sequences of one to four bytes; the index makes it unique. */
    private static String randomName(Random random, int index) {
        int[] alphabet = {'a', '_', ' ', '"', 0, 0xe4, 0x3c9, 0x6f22, 0x1f600, 0x10ffff};
        StringBuilder name = new StringBuilder();
        // Sometimes longer than 127 bytes, for a varint of two bytes.
        int length = random.nextInt(random.nextInt(4) == 0 ? 200 : 20);
        for (int i = 0; i < length; i++) {
            name.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return name.append(index).toString();
    }
}
