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
import ai.djl.nn.Parameter;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.interop.torch.TorchScript;
import io.github.freqreg.interop.torch.TorchScriptSkeleton;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of networks whose tensors belong to a TorchScript module. */
class ModuleFileTest {

    private static final Shape IMAGES = new Shape(2, 3, 6, 6);

    @TempDir private Path folder;

    private Model load(ScriptModule module, boolean trainable)
            throws IOException, MalformedModelException {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, module);
        Model model = Model.newInstance("net");
        model.load(archive, null, trainable ? Map.of("trainParam", "true") : Map.of());
        return model;
    }

    private static FrequencyRegularization few() {
        return FrequencyRegularization.builder().optKept(12).build();
    }

    private static float[] answer(Model model) {
        return TestModels.answer(model.getBlock(), IMAGES);
    }

    @Test
    void fileIsLoadedIntoAModuleOfTheSameArchive() throws IOException, MalformedModelException {
        try (Model saved = load(ScriptNetworks.convolutional(1), true);
                Model plain = load(ScriptNetworks.convolutional(1), true);
                Model wrapped = load(ScriptNetworks.convolutional(1), true)) {
            few().apply(saved);
            Path file = folder.resolve("net.frq");
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            assertEquals(
                    Set.of("conv1.weight", "conv2.weight", "fc.weight"),
                    FrequencyBlocks.kept(saved.getBlock()).keySet());
            FrequencyFile.load(plain, file);
            assertArrayEquals(answer(saved), answer(plain));
            few().apply(wrapped);
            FrequencyFile.load(wrapped, file);
            assertArrayEquals(answer(saved), answer(wrapped));
            FrequencyBlocks.toDense(wrapped);
            assertArrayEquals(answer(saved), answer(wrapped));
        }
    }

    /** A network that is not wrapped, or not any more, has numbers without having been run. */
    @Test
    void plainNetworkIsSaved() throws IOException, MalformedModelException {
        Path file = folder.resolve("net.frq");
        try (Model saved = load(ScriptNetworks.convolutional(1), true);
                Model fresh = load(ScriptNetworks.convolutional(2), true)) {
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            assertEquals(581, CompressionReport.of(saved.getBlock()).getOriginal());
            FrequencyFile.load(fresh, file);
            assertEquals(
                    TestModels.numbers(saved.getBlock()), TestModels.numbers(fresh.getBlock()));
            few().apply(saved);
            FrequencyBlocks.toDense(saved);
            FrequencyFile.save(saved.getBlock(), file, DataType.FLOAT32);
            FrequencyFile.load(fresh, file);
            assertEquals(
                    TestModels.numbers(saved.getBlock()), TestModels.numbers(fresh.getBlock()));
        }
    }

    @Test
    void modelIsSavedAndLoadedByDjl() throws IOException, MalformedModelException {
        try (Model saved = load(ScriptNetworks.convolutional(1), true);
                Model other = load(ScriptNetworks.convolutional(2), true)) {
            few().apply(saved);
            few().apply(other);
            assertFalse(Arrays.equals(answer(saved), answer(other)));
            saved.save(folder.resolve("djl"), "net");
            other.load(folder.resolve("djl"), "net");
            Map<String, Parameter> expected = FrequencyBlocks.parameters(saved.getBlock());
            FrequencyBlocks.parameters(other.getBlock())
                    .forEach(
                            (name, parameter) ->
                                    assertArrayEquals(
                                            expected.get(name).getArray().toFloatArray(),
                                            parameter.getArray().toFloatArray(),
                                            name));
            // The tensors that are left alone have arrived in the module, too.
            FrequencyBlocks.toDense(other);
            FrequencyBlocks.toDense(saved);
        }
    }

    /** The pair of skeleton and file must do without the archive, running statistics included. */
    @Test
    void skeletonAndFileAreLoadedByCriteria() throws Exception {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
        Path pair = Files.createDirectory(folder.resolve("pair"));
        float[] expected;
        try (Model model = Model.newInstance("net")) {
            model.setBlock(TorchScript.load(model.getNDManager(), archive));
            assertEquals(
                    Set.of("bn1.running_mean", "bn1.running_var"),
                    FrequencyBlocks.parameters(model.getBlock()).entrySet().stream()
                            .filter(entry -> !entry.getValue().requiresGradient())
                            .map(Map.Entry::getKey)
                            .collect(Collectors.toSet()));
            few().apply(model);
            FrequencyFile.save(model.getBlock(), pair.resolve("net.frq"), DataType.FLOAT32);
            expected = answer(model);
        }
        TorchScriptSkeleton.write(archive, pair.resolve("net.pt"));
        Criteria<NDList, NDList> criteria =
                Criteria.builder()
                        .setTypes(NDList.class, NDList.class)
                        .optModelPath(pair)
                        .optArgument("blockFactory", TorchScriptFactory.class.getName())
                        .optOption("hasParameter", "false")
                        .build();
        try (ZooModel<NDList, NDList> loaded = criteria.loadModel()) {
            assertArrayEquals(expected, answer(loaded));
        }
        Files.writeString(
                pair.resolve("serving.properties"),
                """
                engine=PyTorch
                blockFactory=io.github.freqreg.file.TorchScriptFactory
                option.hasParameter=false
                """);
        Criteria<NDList, NDList> path =
                Criteria.builder().setTypes(NDList.class, NDList.class).optModelPath(pair).build();
        try (ZooModel<NDList, NDList> loaded = path.loadModel()) {
            assertArrayEquals(expected, answer(loaded));
        }
    }

    /** The message does not list every tensor with the same reason. */
    @Test
    void aModuleForInferenceIsRefusedWithTheRemedy() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.convolutional(1), false)) {
            assertEquals(
                    "The policy chooses no tensor of the PtSymbolBlock: the TorchScript network was"
                            + " loaded for inference: load it with TorchScript.load, or with the"
                            + " option trainParam=true",
                    assertThrows(IllegalArgumentException.class, () -> few().apply(model))
                            .getMessage());
        }
    }

    private static String refusal(Model model, FrqDocument document) {
        String message =
                assertThrows(
                                MalformedModelException.class,
                                () -> FrequencyFile.load(model, document))
                        .getMessage();
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    /** With and without names of tensors in the file. */
    @Test
    void aFileOfOtherShownStatisticsIsRefusedWithTheRemedy() throws Exception {
        try (Model saved = load(ScriptNetworks.convolutional(1), true);
                Model savedAll = Model.newInstance("net");
                Model plain = load(ScriptNetworks.convolutional(1), true);
                Model all = Model.newInstance("net")) {
            for (Model each : List.of(savedAll, all)) {
                each.setBlock(TorchScript.load(each.getNDManager(), folder.resolve("net.pt")));
            }
            float[] before = answer(plain);
            FrqDocument less = FrequencyFile.toDocument(few().apply(saved.getBlock()));
            FrqDocument more = FrequencyFile.toDocument(few().apply(savedAll.getBlock()));
            for (boolean named : new boolean[] {true, false}) {
                String message = refusal(plain, named ? more : more.withoutNames());
                assertTrue(message.contains("only TorchScript.load shows"), message);
                message = refusal(all, named ? less : less.withoutNames());
                assertTrue(message.contains("only TorchScript.load shows"), message);
            }
            assertArrayEquals(before, answer(plain));
            assertArrayEquals(before, answer(all));
        }
        // Another network is no matter of running statistics.
        try (Model other = load(ScriptNetworks.flattened(1), true);
                Model model = load(ScriptNetworks.decoder(1), true)) {
            String message = refusal(model, FrequencyFile.toDocument(other.getBlock()));
            assertFalse(message.contains("TorchScript.load"), message);
        }
    }

    /** DJL loads a skeleton, but all elements of its tensors share memory. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSkeletonThatDjlHasLoadedIsRefusedWithTheRemedy(boolean trainable) throws Exception {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
        Path skeleton = Files.createDirectory(folder.resolve("skeleton")).resolve("net.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        try (Model saved = Model.newInstance("net");
                Model model = Model.newInstance("net")) {
            saved.setBlock(TorchScript.load(saved.getNDManager(), archive));
            FrqDocument document = FrequencyFile.toDocument(few().apply(saved.getBlock()));
            model.load(skeleton, null, trainable ? Map.of("trainParam", "true") : Map.of());
            for (Executable use :
                    List.<Executable>of(
                            () -> FrequencyFile.load(model, document), () -> few().apply(model))) {
                String message = assertThrows(IllegalStateException.class, use).getMessage();
                assertTrue(message.contains("load it with TorchScript.load"), message);
            }
        }
    }

    @Test
    void tiedWeightsAreOneTensor() throws IOException, MalformedModelException {
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optLayerTypes(LayerType.values())
                        .optKept(10)
                        .build();
        try (Model model = load(ScriptNetworks.tied(1), true);
                Model fresh = load(ScriptNetworks.tied(1), true)) {
            Parameter head = model.getBlock().getParameters().get("head.weight");
            Parameter table = model.getBlock().getParameters().get("embedding.weight");
            policy.apply(model);
            assertEquals(
                    List.of("embedding.weight", "head.bias"),
                    List.copyOf(FrequencyBlocks.parameters(model.getBlock()).keySet()));
            assertEquals(17, FrequencyFile.countNumbers(model.getBlock()));
            step(model);
            float[] weights = head.getArray().toFloatArray();
            assertArrayEquals(table.getArray().toFloatArray(), weights);

            Path file = folder.resolve("tied.frq");
            FrequencyFile.save(model.getBlock(), file, DataType.FLOAT32);
            Parameter freshHead = fresh.getBlock().getParameters().get("head.weight");
            FrequencyFile.load(fresh, file);
            assertArrayEquals(tokens(model), tokens(fresh));
            assertArrayEquals(weights, freshHead.getArray().toFloatArray());
            assertTrue(Files.size(file) < 200, "the table is stored once");
        }
    }

    private static float[] tokens(Model model) {
        NDArray input = model.getNDManager().create(new long[] {0, 6, 3, 1}, new Shape(2, 2));
        return model.getBlock()
                .forward(new ParameterStore(model.getNDManager(), false), new NDList(input), false)
                .singletonOrThrow()
                .toFloatArray();
    }

    private static void step(Model model) {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss())
                        .optOptimizer(
                                Optimizer.sgd()
                                        .setLearningRateTracker(Tracker.fixed(0.1f))
                                        .build());
        try (Trainer trainer = model.newTrainer(config)) {
            NDArray input = trainer.getManager().create(new long[] {0, 6, 3, 1}, new Shape(2, 2));
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray answer = trainer.forward(new NDList(input)).singletonOrThrow();
                collector.backward(answer.square().sum());
            }
            trainer.step();
            trainer.evaluate(new NDList(input));
        }
    }
}
