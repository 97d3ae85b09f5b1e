package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.basicmodelzoo.basic.Mlp;
import ai.djl.basicmodelzoo.cv.classification.AlexNet;
import ai.djl.basicmodelzoo.cv.classification.GoogLeNet;
import ai.djl.basicmodelzoo.cv.classification.LeNet;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV1;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.NiN;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.basicmodelzoo.cv.classification.SqueezeNet;
import ai.djl.basicmodelzoo.cv.classification.VGG;
import ai.djl.basicmodelzoo.cv.object_detection.ssd.SingleShotDetection;
import ai.djl.basicmodelzoo.cv.object_detection.yolo.YOLOV3;
import ai.djl.basicmodelzoo.nlp.SimpleTextDecoder;
import ai.djl.basicmodelzoo.nlp.SimpleTextEncoder;
import ai.djl.basicmodelzoo.tabular.TabNet;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableTextEmbedding;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every network class of DJL's basic model zoo can be wrapped, computes the same with all
 * coefficients, and trains with few.
 *
 * <p>To save time, AlexNet and the MobileNets run with fewer channels or layers. VGG, GoogLeNet and
 * YOLOv3 have no such option, so their largest tensors stay dense where all coefficients are kept.
 */
class ModelZooTest {

    /** Tensors above this size stay dense where all coefficients are kept, to save time. */
    private static final long LARGE = 300_000;

    /** A network, its inputs, and whether outputs are compared in training mode. */
    private record Network(
            String name,
            Supplier<Block> block,
            Function<NDManager, NDList> inputs,
            boolean training) {

        Network(String name, Supplier<Block> block, Shape input) {
            this(name, block, m -> new NDList(TestModels.random(m, input)), false);
        }

        Model model() {
            try (NDManager manager = NDManager.newBaseManager()) {
                return TestModels.model(block.get(), inputs.apply(manager).getShapes());
            }
        }

        NDList forward(Model model, NDManager manager) {
            TestModels.seed();
            return model.getBlock()
                    .forward(new ParameterStore(manager, false), inputs.apply(manager), training);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Network> networks() {
        return Stream.of(
                new Network("Mlp", () -> new Mlp(64, 10, new int[] {32, 16}), new Shape(2, 64)),
                new Network("LeNet", () -> LeNet.builder().build(), new Shape(2, 1, 28, 28)),
                new Network(
                        "AlexNet",
                        () ->
                                AlexNet.builder()
                                        .setNumChannels(new int[] {24, 32, 48, 48, 32, 256, 256})
                                        .build(),
                        new Shape(2, 1, 128, 128)),
                new Network("VGG", () -> VGG.builder().build(), new Shape(1, 3, 32, 32)),
                new Network("NiN", () -> NiN.builder().build(), new Shape(1, 1, 96, 96)),
                new Network(
                        "GoogLeNet", () -> GoogLeNet.builder().build(), new Shape(1, 1, 64, 64)),
                new Network(
                        "ResNetV1 of 20 layers",
                        () ->
                                ResNetV1.builder()
                                        .setImageShape(new Shape(3, 28, 28))
                                        .setNumLayers(20)
                                        .setOutSize(10)
                                        .build(),
                        new Shape(2, 3, 28, 28)),
                new Network(
                        "ResNetV1 of 18 layers",
                        () ->
                                ResNetV1.builder()
                                        .setImageShape(new Shape(3, 64, 64))
                                        .setNumLayers(18)
                                        .setOutSize(10)
                                        .build(),
                        new Shape(2, 3, 64, 64)),
                new Network(
                        "MobileNetV1",
                        () -> MobileNetV1.builder().optWidthMultiplier(0.5f).build(),
                        new Shape(2, 1, 64, 64)),
                new Network(
                        "MobileNetV2",
                        () ->
                                MobileNetV2.builder()
                                        .optRepeatTimes(new int[] {1, 1, 2, 1, 1, 2, 1, 1, 1})
                                        .build(),
                        new Shape(2, 1, 64, 64)),
                new Network("SqueezeNet", () -> SqueezeNet.squeezenet(10), new Shape(1, 1, 64, 64)),
                new Network(
                        "SingleShotDetection", ModelZooTest::detection, new Shape(1, 3, 64, 64)),
                new Network("YOLOV3", () -> YOLOV3.builder().build(), new Shape(1, 3, 64, 64)),
                new Network(
                        "TabNet",
                        () ->
                                TabNet.builder()
                                        .setInputDim(16)
                                        .setOutDim(4)
                                        .optNumD(8)
                                        .optNumA(8)
                                        .build(),
                        new Shape(8, 16)),
                new Network(
                        "SimpleTextEncoder",
                        () -> new SimpleTextEncoder(embedding(), lstm(true)),
                        ModelZooTest::tokens,
                        false),
                // At inference it returns only the best tokens.
                new Network(
                        "SimpleTextDecoder",
                        () -> new SimpleTextDecoder(embedding(), lstm(false), 8),
                        ModelZooTest::tokens,
                        true));
    }

    private static NDList tokens(NDManager manager) {
        return new NDList(manager.create(new long[] {1, 2, 3, 4}, new Shape(1, 4)));
    }

    private static Block detection() {
        SequentialBlock base = new SequentialBlock();
        for (int filters : new int[] {16, 32, 64}) {
            base.add(SingleShotDetection.getDownSamplingBlock(filters));
        }
        return SingleShotDetection.builder()
                .setNumClasses(1)
                .setNumFeatures(3)
                .optGlobalPool(true)
                .setRatios(Collections.nCopies(5, List.of(1f, 2f, 0.5f)))
                .setSizes(
                        List.of(
                                List.of(0.2f, 0.272f),
                                List.of(0.37f, 0.447f),
                                List.of(0.54f, 0.619f),
                                List.of(0.71f, 0.79f),
                                List.of(0.88f, 0.961f)))
                .setBaseNetwork(base)
                .build();
    }

    private static TrainableTextEmbedding embedding() {
        return new TrainableTextEmbedding(
                TrainableWordEmbedding.builder()
                        .setEmbeddingSize(12)
                        .setVocabulary(
                                new DefaultVocabulary(
                                        List.of("a", "b", "c", "d", "e", "f", "g", "h")))
                        .optUnknownToken("a")
                        .build());
    }

    private static LSTM lstm(boolean state) {
        return LSTM.builder().setStateSize(10).setNumLayers(2).optReturnState(state).build();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void allCoefficientsGiveTheSameOutput(Network network) {
        try (Model plain = network.model();
                Model wrapped = network.model();
                NDManager manager = NDManager.newBaseManager()) {
            FrequencyRegularization.builder()
                    .optLayerTypes(LayerType.values())
                    .optKeepRate(1)
                    .optShapes(shape -> shape.size() <= LARGE)
                    .build()
                    .apply(wrapped);
            assertFalse(FrequencyBlocks.in(wrapped.getBlock()).isEmpty());
            assertEquals(names(plain), names(wrapped));
            TestModels.assertClose(
                    network.forward(plain, manager),
                    network.forward(wrapped, manager),
                    TestModels.CLOSE);
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void networkTrainsWithFewCoefficients(Network network) {
        try (Model model = network.model();
                NDManager manager = NDManager.newBaseManager()) {
            Shape[] shapes = network.forward(model, manager).getShapes();
            FrequencyRegularization.builder()
                    .optLayerTypes(LayerType.values())
                    .optKeepRate(0.01)
                    .build()
                    .apply(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.01f))) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDList outputs = trainer.forward(network.inputs.apply(trainer.getManager()));
                    assertEquals(List.of(shapes), List.of(outputs.getShapes()));
                    collector.backward(TestModels.loss(outputs));
                }
                for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                    for (SpectralParameter tensor : block.getSpectralParameters()) {
                        assertGradientReaches(tensor);
                    }
                }
                trainer.step();
            }
            for (NDArray output : network.forward(model, manager)) {
                assertFalse(output.isNaN().any().getBoolean());
            }
        }
    }

    /** The names of the parameters; a shared one appears once, under its first name. */
    private static List<String> names(Model model) {
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        return model.getBlock().getParameters().stream()
                .filter(entry -> seen.add(entry.getValue()))
                .map(Pair::getKey)
                .toList();
    }

    private static void assertGradientReaches(SpectralParameter tensor) {
        Parameter coefficients = tensor.getCoefficients();
        assertTrue(coefficients.requiresGradient(), coefficients.getName());
        assertTrue(TestModels.gradient(coefficients) > 0, coefficients.getName());
    }
}
