package io.github.freqreg.training;

import static io.github.freqreg.Messages.assertContains;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a checkpoint holds, and what is no checkpoint. */
class CheckpointContentTest {

    private static final FrqEntry WEIGHT = vector("weight", 1, 2, 3);
    private static final FrqEntry PROGRESS = vector("progress", 4, 0, 5);

    private static FrqEntry vector(String name, float... values) {
        return new FrqEntry(name, new Shape(values.length), null, Precision.FLOAT32, values);
    }

    private static FrqDocument document(FrqEntry... tensors) {
        return new FrqDocument(List.of(new Shape(2, 3)), List.of(tensors));
    }

    private static CheckpointContent content(Map<String, String> settings) {
        return new CheckpointContent(document(WEIGHT), Map.of(), Map.of(), 4, 5, settings);
    }

    @Test
    void everyPartIsDecodedAgain() throws MalformedModelException {
        String moment = CheckpointContent.momentName("mean", "weight");
        float[] moments = {4, 5, 6};
        Map<String, String> settings = Map.of("seed", "1", "empty", "", "formula", "a=b");
        CheckpointContent found =
                CheckpointContent.decode(
                        new CheckpointContent(
                                        document(WEIGHT),
                                        Map.of(moment, moments),
                                        Map.of("weight", 0.5f),
                                        4,
                                        (1 << 21) + 5,
                                        settings)
                                .encode());
        assertEquals(document(WEIGHT), found.network());
        assertEquals(1, found.moments().size());
        assertArrayEquals(moments, found.moments().get(moment));
        assertEquals(Map.of("weight", 0.5f), found.steps());
        assertEquals(4, found.epochs());
        assertEquals((1 << 21) + 5, found.updates());
        assertEquals(settings, found.settings());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "=", "a=b"})
    void settingThatCouldNotBeReadAgainIsRejected(String name) {
        CheckpointContent content = content(Map.of(name, "1"));
        assertContains(
                assertThrows(IllegalArgumentException.class, content::encode),
                "setting",
                "'" + name + "'");
    }

    static Stream<float[]> wrongProgress() {
        return Stream.of(
                new float[] {4, 0},
                new float[] {4, 0, 5, 0},
                new float[] {-1, 0, 5},
                new float[] {4, 0, 5.5f},
                new float[] {1 << 24, 0, 5},
                new float[] {4, 1 << 11, 5},
                new float[] {4, 0, 1 << 20});
    }

    /** Larger numbers would become other counts when they are converted. */
    @ParameterizedTest
    @MethodSource("wrongProgress")
    void progressOutOfRangeIsRejected(float[] numbers) {
        assertRefused(
                document(WEIGHT, vector("progress", numbers)),
                "epochs and updates",
                Arrays.toString(numbers));
    }

    @Test
    void malformedSettingsAreRejected() {
        FrqEntry once = vector("setting/seed=1");
        assertRefused(document(PROGRESS, vector("setting/seed")), "NAME=VALUE", "seed");
        assertRefused(document(PROGRESS, vector("setting/=1")), "NAME=VALUE", "=1");
        assertRefused(document(PROGRESS, vector("setting/seed=1", 7)), "an empty tensor", "(1)");
        assertRefused(document(PROGRESS, once, vector("setting/seed=2")), "once", "seed=2");
    }

    @Test
    void documentWithoutProgressOrNamesIsNoCheckpoint() {
        assertRefused(document(WEIGHT), "network alone");
        FrqEntry nameless = new FrqEntry(null, null, null, Precision.FLOAT32, new float[] {1});
        assertRefused(new FrqDocument(List.of(), List.of(nameless), 0), "without names");
    }

    private static void assertRefused(FrqDocument document, String... words) {
        assertContains(
                assertThrows(
                        MalformedModelException.class, () -> CheckpointContent.decode(document)),
                words);
    }
}
