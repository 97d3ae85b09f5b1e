package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A TorchScript network with a head of DJL layers. */
class SymbolBlockTest {

    private static final Shape INPUT = new Shape(4, 3);

    @TempDir Path folder;

    private Model load(float factor, boolean trainable)
            throws IOException, MalformedModelException {
        Path archive = folder.resolve(factor + "-" + trainable + ".pt");
        if (!Files.exists(archive)) {
            float[] weight = new float[15];
            for (int i = 0; i < weight.length; i++) {
                weight[i] = factor * (i - 7);
            }
            TorchArchive.write(archive, weight, new float[] {1, 2, 3, 4, factor});
        }
        Map<String, String> options = new HashMap<>();
        if (trainable) {
            options.put("trainParam", "true");
        }
        Model model = Model.newInstance("net");
        model.load(archive, null, options);
        return model;
    }

    @Test
    void torchScriptArchiveLoadsAsAModel() throws IOException, MalformedModelException {
        try (Model model = load(2, false)) {
            NDArray input = model.getNDManager().ones(INPUT);
            float[] answer =
                    model.getBlock()
                            .forward(
                                    new ParameterStore(model.getNDManager(), false),
                                    new NDList(input),
                                    false)
                            .head()
                            .toFloatArray();
            // The sum of each column of the weight is 2 · (3 · column - 6).
            assertEquals(2f * (3 * 1 - 6) + 2, answer[1]);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void headIsSavedAndLoadedWithItsBody(boolean trainable)
            throws IOException, MalformedModelException {
        try (Model body = load(2, trainable);
                Model other = load(3, true)) {
            SequentialBlock network =
                    new SequentialBlock()
                            .add(body.getBlock())
                            .add(Activation.reluBlock())
                            .add(TestModels.linear(6));
            Block wrapped = TestModels.policy(9).apply(network);
            wrapped.initialize(body.getNDManager(), DataType.FLOAT32, INPUT);
            float[] expected = TestModels.answer(wrapped, INPUT);
            Path file = folder.resolve("net.frq");
            FrequencyFile.save(wrapped, file, DataType.FLOAT32);

            SequentialBlock fresh =
                    new SequentialBlock()
                            .add(other.getBlock())
                            .add(Activation.reluBlock())
                            .add(TestModels.linear(6));
            Block loaded = FrequencyFile.load(fresh, other.getNDManager(), file);
            assertArrayEquals(expected, TestModels.answer(loaded, INPUT));
        }
    }

    private static SequentialBlock withHead(Model body) {
        return new SequentialBlock().add(body.getBlock()).add(TestModels.linear(6));
    }

    private static FrequencyRegularization headAlone() {
        return FrequencyRegularization.builder()
                .paper()
                .optKept(9)
                .optExclude("PtSymbolBlock")
                .build();
    }

    private static Block wrappedWithHead(Model body) {
        Block wrapped = headAlone().apply(withHead(body));
        wrapped.initialize(body.getNDManager(), DataType.FLOAT32, INPUT);
        return wrapped;
    }

    /** The parameters of a body that was loaded for inference are read-only. */
    @Test
    void inferenceOnlyBodyMustHaveTheValuesOfTheFile() throws IOException, MalformedModelException {
        try (Model body = load(2, true);
                Model same = load(2, false);
                Model other = load(3, false)) {
            Block wrapped = wrappedWithHead(body);
            float[] expected = TestModels.answer(wrapped, INPUT);
            Path file = folder.resolve("net.frq");
            for (DataType type : new DataType[] {DataType.FLOAT16, DataType.FLOAT32}) {
                FrequencyFile.save(wrapped, file, type);
                SequentialBlock fresh = withHead(same);
                Block loaded = FrequencyFile.load(fresh, same.getNDManager(), file);
                if (type == DataType.FLOAT32) {
                    assertArrayEquals(expected, TestModels.answer(loaded, INPUT));
                }
                SequentialBlock others = withHead(other);
                String message =
                        assertThrows(
                                        MalformedModelException.class,
                                        () ->
                                                FrequencyFile.load(
                                                        others, other.getNDManager(), file))
                                .getMessage();
                assertTrue(
                        message.contains("_weight") && message.contains("trainParam=true"),
                        message);
                assertFalse(others.isInitialized());
            }
        }
    }

    /** Freezing a trainable body keeps it writable; a body loaded for inference stays read-only. */
    @Test
    void freezingDoesNotMakeABodyReadOnly() throws IOException, MalformedModelException {
        try (Model body = load(2, true);
                Model frozen = load(3, true);
                Model inference = load(3, false)) {
            Block wrapped = wrappedWithHead(body);
            Path file = folder.resolve("net.frq");
            FrequencyFile.save(wrapped, file, DataType.FLOAT32);
            frozen.getBlock().freezeParameters(true);
            Block loaded = FrequencyFile.load(withHead(frozen), frozen.getNDManager(), file);
            assertArrayEquals(TestModels.answer(wrapped, INPUT), TestModels.answer(loaded, INPUT));
            SequentialBlock other = withHead(inference);
            assertThrows(
                    MalformedModelException.class,
                    () -> FrequencyFile.load(other, inference.getNDManager(), file));
        }
    }
}
