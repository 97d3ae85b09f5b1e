package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.INPUT;
import static io.github.freqreg.block.WrappedNetwork.KEPT;
import static io.github.freqreg.block.WrappedNetwork.answer;
import static io.github.freqreg.block.WrappedNetwork.answerAfresh;
import static io.github.freqreg.block.WrappedNetwork.network;
import static io.github.freqreg.block.WrappedNetwork.policy;
import static io.github.freqreg.block.WrappedNetwork.step;
import static io.github.freqreg.block.WrappedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wrapped networks in DJL's own {@code .params} files. */
class ParameterCodecTest {

    @Test
    void savedFileHoldsOnlyKeptCoefficients(@TempDir Path folder) throws IOException {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped()) {
            assertBytes(plain, folder);
            assertBytes(model, folder);
        }
    }

    /** Apart from four bytes per number, a file contains only names and shapes. */
    private static void assertBytes(Model model, Path folder) throws IOException {
        model.save(folder, "sized");
        long numbers = 0;
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            numbers += parameter.getShape().size();
        }
        Path file = folder.resolve("sized-0000.params");
        long rest = Files.size(file) - numbers * Float.BYTES;
        assertTrue(rest > 0 && rest < 2000, rest + " bytes beyond the numbers");
        Files.delete(file);
    }

    @Test
    void freshModelLoadsAndPredictsTheSame(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped()) {
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertArrayEquals(answer(model), answerAfresh(model, folder));
        }
    }

    @Test
    void loadedModelTakesKeptCountsFromTheFile(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped();
                Model other = Model.newInstance("test")) {
            model.save(folder, "kept");
            other.setBlock(policy(7).apply(network()));
            other.load(folder, "kept");
            for (FrequencyBlock block : FrequencyBlocks.in(other.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
            assertArrayEquals(answer(model), answer(other));
        }
    }

    @Test
    void loadedModelContinuesTraining(@TempDir Path folder)
            throws IOException, MalformedModelException {
        try (Model model = wrapped();
                Model other = Model.newInstance("test")) {
            model.save(folder, "on");
            other.setBlock(policy(KEPT).apply(network()));
            other.load(folder, "on");
            for (Model each : List.of(model, other)) {
                try (Trainer trainer = TestModels.trainer(each, TestModels.descent(0.1f))) {
                    trainer.initialize(INPUT);
                    step(trainer);
                }
            }
            assertArrayEquals(answer(model), answer(other));
        }
    }

    @Test
    void fileOfAnotherStructureIsRejected(@TempDir Path folder) throws IOException {
        try (Model model = wrapped();
                Model plain = TestModels.model(network(), INPUT)) {
            model.save(folder, "wrapped");
            plain.save(folder, "plain");
            assertMalformed(policy(KEPT).apply(network()), folder, "plain");
            assertMalformed(network(), folder, "wrapped");
            // A policy that leaves the last layer dense.
            assertMalformed(
                    FrequencyRegularization.builder()
                            .paper()
                            .optKept(KEPT)
                            .optExclude("Linear")
                            .build()
                            .apply(network()),
                    folder,
                    "wrapped");
        }
    }

    @Test
    void fileWithOtherLayerSizesIsRejected(@TempDir Path folder) throws IOException {
        try (Model model = wrapped()) {
            model.save(folder, "sizes");
            Block more =
                    new SequentialBlock()
                            .add(TestModels.convolution(5))
                            .add(TestModels.convolution(6));
            assertMalformed(policy(KEPT).apply(more), folder, "sizes");
            Block fewer = new SequentialBlock().add(TestModels.convolution(1));
            assertMalformed(
                    FrequencyRegularization.builder().paper().build().apply(fewer),
                    folder,
                    "sizes");
        }
    }

    private static void assertMalformed(Block block, Path folder, String name) {
        try (Model other = Model.newInstance("test")) {
            other.setBlock(block);
            MalformedModelException failure =
                    assertThrows(MalformedModelException.class, () -> other.load(folder, name));
            assertFalse(failure.getMessage().isBlank());
        }
    }
}
