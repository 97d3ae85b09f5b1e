package io.github.freqreg.examples.networks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.util.Pair;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.DoubleStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks the shapes of the networks, and that they can be wrapped and trained. */
class NetworksTest {

    private static final int DRAWS = 10;

    /** A network, its published number of weights, and a narrow version for the tests. */
    enum Network {
        LENET(width -> LeNet.build(), 20, 20, 430_500, new Shape(2, 1, 28, 28)),
        ALEXNET(
                width -> AlexNet.build(width, 10),
                AlexNet.WIDTH,
                4,
                57_035_456,
                new Shape(2, 3, 224, 224)),
        VGG(width -> Vgg.build(width, 10), Vgg.WIDTH, 4, 20_024_000, new Shape(2, 3, 32, 32)),
        // The published count excludes the stem: 64 filters 3×3 of three channels.
        RESNET18(
                width -> ResNet18.build(width, 10),
                ResNet18.WIDTH,
                4,
                11_162_624 + 64 * 3 * 9,
                new Shape(2, 3, 32, 32)),
        // Not a network of the paper: weights of the stem, of four units and of the linear layer.
        SEPARABLE(
                width -> SeparableResNet.build(width, 10),
                24,
                4,
                24 * 27
                        + 2 * (2 * 24 * 9 + 2 * 24 * 24)
                        + (24 + 48) * 9
                        + (24 + 48) * 48
                        + 2 * 48 * 9
                        + 2 * 48 * 48
                        + 480,
                new Shape(2, 3, 32, 32)),
        // Nor is this: weights of nine convolutions and of the linear layer.
        CONVNET(
                width -> ConvNet.build(width, 10),
                8,
                4,
                8 * 27 + 8 * 8 * 9 + 16 * 8 * 9 + 6 * 16 * 16 * 9 + 160,
                new Shape(2, 3, 32, 32)),
        VIT(
                width -> new VisionTransformer(width, 10),
                VisionTransformer.WIDTH,
                64,
                9_500_672,
                new Shape(2, 3, 32, 32)),
        UNET(width -> new UNet(width, 4, 2), 64, 4, 31_024_960, new Shape(2, 3, 32, 32)),
        VAE(
                Vae::new,
                Vae.WIDTH,
                16,
                2 * 784 * 400 + 400 * 40 + 400 * 20,
                new Shape(2, 1, 28, 28),
                new Shape(2, Vae.LATENT)),
        DCGAN(
                Dcgan::new,
                Dcgan.WIDTH,
                4,
                3_572_736 + 2_761_728,
                new Shape(2, 1, 64, 64),
                new Shape(2, Dcgan.NOISE, 1, 1));

        private final IntFunction<Block> maker;
        private final int width;
        private final int narrow;
        private final long weights;
        private final Shape[] inputs;

        Network(IntFunction<Block> maker, int width, int narrow, long weights, Shape... inputs) {
            this.maker = maker;
            this.width = width;
            this.narrow = narrow;
            this.weights = weights;
            this.inputs = inputs;
        }
    }

    @ParameterizedTest
    @EnumSource
    void hasThePapersWeights(Network network) {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block = network.maker.apply(network.width);
            block.initialize(manager, DataType.FLOAT32, network.inputs);
            long weights = 0;
            for (Pair<String, Parameter> parameter : block.getParameters()) {
                boolean learned = parameter.getValue().getType() == Parameter.Type.WEIGHT;
                boolean vit = parameter.getKey().matches("token|positions");
                weights += learned || vit ? parameter.getValue().getShape().size() : 0;
            }
            assertEquals(network.weights, weights);
        }
    }

    /**
     * Each layer is wrapped separately, and the outputs equal those of the plain network. Computed
     * in float64, because normalisation amplifies float32 rounding errors by an unknown factor.
     */
    @ParameterizedTest
    @EnumSource
    void isWrappedLayerByLayer(Network network) {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block = network.maker.apply(network.narrow);
            block.initialize(manager, DataType.FLOAT64, network.inputs);
            long weights =
                    block.getParameters().values().stream()
                            .filter(p -> p.getType() == Parameter.Type.WEIGHT)
                            .count();
            double[] plain = predict(block, manager, network.inputs);

            FrequencyRegularization all =
                    FrequencyRegularization.builder().optKeepRate(1.0).build();
            Block wrapped = all.apply(block);
            assertEquals(weights, wrappedLayers(wrapped));
            double[] same = predict(wrapped, manager, network.inputs);
            assertArrayEquals(plain, same, 1e-9 * max(plain));
        }
    }

    private static long wrappedLayers(Block block) {
        long count = block instanceof FrequencyBlock ? 1 : 0;
        for (Block child : block.getChildren().values()) {
            count += wrappedLayers(child);
        }
        return count;
    }

    private static double max(double[] values) {
        return DoubleStream.of(values).map(Math::abs).max().orElseThrow();
    }

    private static double[] predict(Block block, NDManager manager, Shape... inputs) {
        try (NDManager scratch = manager.newSubManager()) {
            NDList given = inputs(scratch, DataType.FLOAT64, inputs);
            return block.forward(new ParameterStore(scratch, false), given, false)
                    .head()
                    .toDoubleArray();
        }
    }

    private static NDList inputs(NDManager manager, DataType type, Shape... inputs) {
        NDList list = new NDList();
        for (Shape shape : inputs) {
            list.add(manager.arange(0, (float) shape.size(), 1, type).reshape(shape).sin());
        }
        return list;
    }

    /**
     * Every trained parameter gets a gradient. With few coefficients, all ReLUs of a layer may be
     * inactive by chance, so several seeds are tried.
     */
    @ParameterizedTest
    @EnumSource
    void isTrained(Network network) {
        Set<String> untouched = untouched(network, 1);
        for (int seed = 2; seed <= DRAWS && !untouched.isEmpty(); seed++) {
            untouched.retainAll(untouched(network, seed));
        }
        assertEquals(Set.of(), untouched);
    }

    private static Set<String> untouched(Network network, int seed) {
        Engine.getInstance().setRandomSeed(seed);
        try (Model model = Model.newInstance("network")) {
            Block block = network.maker.apply(network.narrow);
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optKept(8)
                            .build()
                            .apply(block, network.inputs));
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(network.inputs);
                try (NDManager scratch = trainer.getManager().newSubManager();
                        GradientCollector collector = trainer.newGradientCollector()) {
                    NDList outputs =
                            trainer.forward(inputs(scratch, DataType.FLOAT32, network.inputs));
                    NDArray sum = scratch.zeros(new Shape());
                    for (NDArray output : outputs) {
                        // Not a plain sum, whose gradient is zero through a normalisation.
                        NDArray bent = output.sin();
                        sum = sum.add(bent.mul(bent).sum());
                    }
                    collector.backward(sum);
                }
                Set<String> untouched = new TreeSet<>();
                for (Pair<String, Parameter> parameter : model.getBlock().getParameters()) {
                    if (parameter.getValue().requiresGradient()) {
                        NDArray gradient = parameter.getValue().getArray().getGradient();
                        double[] values = gradient.toType(DataType.FLOAT64, true).toDoubleArray();
                        assertTrue(finite(values), parameter.getKey());
                        if (max(values) == 0) {
                            untouched.add(parameter.getKey());
                        }
                        gradient.close();
                    }
                }
                return untouched;
            }
        }
    }

    private static boolean finite(double[] values) {
        return DoubleStream.of(values).allMatch(Double::isFinite);
    }

    @ParameterizedTest
    @EnumSource(names = "VIT")
    void aWidthThatIsNoMultipleOfAHeadIsRejected(Network network) {
        IllegalArgumentException e =
                assertThrowsExactly(IllegalArgumentException.class, () -> network.maker.apply(100));
        assertTrue(e.getMessage().contains("multiple of 64 but is 100"));
    }
}
