package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.INPUT;
import static io.github.freqreg.block.WrappedNetwork.answer;
import static io.github.freqreg.block.WrappedNetwork.answerAfresh;
import static io.github.freqreg.block.WrappedNetwork.network;
import static io.github.freqreg.block.WrappedNetwork.policy;
import static io.github.freqreg.block.WrappedNetwork.step;
import static io.github.freqreg.block.WrappedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operations on the frequency blocks of a network: back to dense, and their errors. */
class FrequencyBlocksTest {

    @Test
    void toDenseRestoresThePlainNetworkWithTheSameAnswer() throws TranslateException {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped();
                NDManager manager = NDManager.newBaseManager()) {
            float[] expected = answer(model);
            FrequencyBlocks.toDense(model);
            assertEquals(0, FrequencyBlocks.in(model.getBlock()).size());
            assertEquals(
                    plain.getBlock().getChildren().keys(), model.getBlock().getChildren().keys());
            assertEquals(
                    plain.getBlock().getChildren().values().stream().map(Object::getClass).toList(),
                    model.getBlock().getChildren().values().stream()
                            .map(Object::getClass)
                            .toList());
            for (Pair<String, Parameter> entry : plain.getBlock().getParameters()) {
                Parameter dense = model.getBlock().getParameters().get(entry.getKey());
                assertEquals(entry.getValue().getShape(), dense.getArray().getShape());
                assertEquals(
                        entry.getValue().requiresGradient(),
                        dense.getArray().hasGradient(),
                        entry.getKey());
            }
            assertArrayEquals(expected, answer(model));
            try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator())) {
                NDList input = new NDList(TestModels.random(manager, INPUT));
                assertArrayEquals(expected, TestModels.floats(predictor.predict(input)));
            }
        }
    }

    @Test
    void toDenseAfterTrainingHasTheTrainedWeights(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            answer(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            float[] expected = answerAfresh(model, folder);
            FrequencyBlocks.toDense(model);
            assertArrayEquals(expected, answer(model));
        }
    }

    @Test
    void denseNetworkCanBeTrained() {
        try (Model model = wrapped()) {
            FrequencyBlocks.toDense(model);
            float[] before = answer(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                step(trainer);
            }
            assertFalse(Arrays.equals(before, answer(model)));
        }
    }

    @Test
    void blockIsUnusableAfterToDense() {
        try (Model model = TestModels.model(TestModels.linear(3), new Shape(2, 4));
                NDManager manager = NDManager.newBaseManager()) {
            policy(5).apply(model);
            FrequencyBlock spent = (FrequencyBlock) model.getBlock();
            assertInstanceOf(Linear.class, FrequencyBlocks.toDense(spent));
            NDList input = new NDList(TestModels.random(manager, new Shape(2, 4)));
            for (Runnable use :
                    List.<Runnable>of(
                            () -> TestModels.predict(spent, manager, input),
                            () -> spent.forward(new ParameterStore(manager, false), input, true),
                            () -> FrequencyBlocks.kept(spent),
                            () -> FrequencyBlocks.tensors(spent),
                            () -> FrequencyBlocks.compact(spent),
                            () -> FrequencyBlocks.toDense(spent),
                            () -> FrequencyBlocks.truncate(spent, 0),
                            () -> spent.initialize(manager, DataType.FLOAT32, new Shape(2, 4)))) {
                IllegalStateException failure = assertThrows(IllegalStateException.class, use::run);
                assertTrue(failure.getMessage().contains("toDense()"), failure.getMessage());
            }
        }
    }

    @Test
    void uninitialisedBlockIsRejected() {
        FrequencyBlock block = (FrequencyBlock) policy(5).apply(TestModels.linear(3));
        for (Runnable use :
                List.<Runnable>of(
                        () -> FrequencyBlocks.kept(block),
                        () -> FrequencyBlocks.tensors(block),
                        () -> FrequencyBlocks.compact(block),
                        () -> FrequencyBlocks.truncate(block, 0),
                        () -> FrequencyBlocks.toDense(block))) {
            IllegalStateException failure = assertThrows(IllegalStateException.class, use::run);
            assertTrue(failure.getMessage().contains("not initialised"), failure.getMessage());
        }
    }
}
