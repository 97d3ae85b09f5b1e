package io.github.freqreg.benchmarks.execution;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One layer, dense and by each strategy: an inference, and a training step (forward, backward to
 * coefficients and input, Adam).
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar LayerBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class LayerBenchmark {

    @Param private Layer layer;

    @Param private Alternative alternative;

    private Model model;
    private Trainer trainer;
    private Block block;
    private NDArray input;

    /** Layers of the networks of the paper, with inputs and kept numbers. */
    public enum Layer {
        /** ResNet-18 for CIFAR-10, first stage. */
        RESNET_64(() -> convolution(64), 128, 32, 64, 32, 32),
        /** ResNet-18 for CIFAR-10, second stage. */
        RESNET_128(() -> convolution(128), 128, 32, 128, 16, 16),
        /** ResNet-18 for CIFAR-10, third stage. */
        RESNET_256(() -> convolution(256), 128, 32, 256, 8, 8),
        /** ResNet-18 for CIFAR-10, last stage. */
        RESNET_512(() -> convolution(512), 128, 32, 512, 4, 4),
        /** VGG, from 256 to 512 channels. */
        VGG_512(() -> convolution(512), 128, 32, 256, 8, 8),
        /** ViT, queries, keys and values of 65 tokens. */
        VIT_QKV(() -> linear(1536), 7_865, 32, 65, 512),
        /** LeNet-5, second convolution. */
        LENET_CONVOLUTION(
                () -> Conv2d.builder().setFilters(50).setKernelShape(new Shape(5, 5)).build(),
                195,
                128,
                20,
                12,
                12),
        /** LeNet-5, first linear layer. */
        LENET_LINEAR(() -> linear(500), 195, 128, 800),
        /** AlexNet, the linear layer of 37.7 million weights. */
        ALEXNET_LINEAR(() -> linear(4096), 256, 64, 9216),
        /** UNet, a deep level. */
        UNET_512(() -> convolution(512), 33, 1, 512, 80, 119),
        /** UNet, a transposed convolution. */
        UNET_UP(
                () ->
                        TransposedConv2d.builder()
                                .setFilters(256)
                                .setKernelShape(new Shape(2, 2))
                                .optStride(new Shape(2, 2))
                                .optBias(false)
                                .build(),
                33,
                1,
                512,
                80,
                119);

        private final Supplier<Block> maker;
        private final long kept;
        private final Shape input;

        Layer(Supplier<Block> maker, long kept, long... input) {
            this.maker = maker;
            this.kept = kept;
            this.input = new Shape(input);
        }

        private static Block convolution(int filters) {
            return Conv2d.builder()
                    .setFilters(filters)
                    .setKernelShape(new Shape(3, 3))
                    .optPadding(new Shape(1, 1))
                    .optBias(false)
                    .build();
        }

        private static Block linear(long units) {
            return Linear.builder().setUnits(units).build();
        }
    }

    /** How the layer is computed. */
    public enum Alternative {
        /** Plain DJL. */
        DENSE(null),
        /** With the weight rebuilt. */
        REBUILD(Strategy.REBUILD),
        /** Between frequencies. */
        FACTORED(Strategy.FACTORED),
        /** As the cost model picks. */
        AUTO(Strategy.AUTO);

        private final Strategy strategy;

        Alternative(Strategy strategy) {
            this.strategy = strategy;
        }
    }

    /** Builds the layer and its trainer. */
    @Setup(Level.Trial)
    public void open() {
        System.setProperty("ai.djl.offline", "true");
        Engine.getInstance().setRandomSeed(1);
        model = Model.newInstance("layer");
        block = layer.maker.get();
        if (alternative.strategy != null) {
            block =
                    FrequencyRegularization.builder()
                            .optKept(layer.kept)
                            .optStrategy(alternative.strategy)
                            .build()
                            .apply(block);
        }
        model.setBlock(block);
        trainer =
                model.newTrainer(
                        new DefaultTrainingConfig(Loss.l2Loss())
                                .optOptimizer(Optimizer.adam().build()));
        trainer.initialize(layer.input);
        input = model.getNDManager().randomNormal(layer.input);
        input.setRequiresGradient(true);
    }

    /** Frees the model. */
    @TearDown(Level.Trial)
    public void close() {
        trainer.close();
        model.close();
    }

    /**
     * Predicts once.
     *
     * @return a number of the output
     */
    @Benchmark
    public float inference() {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            NDArray image = input.stopGradient();
            image.attach(batch);
            NDArray output =
                    block.forward(new ParameterStore(batch, false), new NDList(image), false)
                            .singletonOrThrow();
            return output.flatten().getFloat(0);
        }
    }

    /**
     * Takes one training step.
     *
     * @return a number of the output
     */
    @Benchmark
    public float step() {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            NDList data = new NDList(input.get(batch, new NDIndex().addAllDim()));
            float value;
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray sum = trainer.forward(data).singletonOrThrow().sum();
                collector.backward(sum);
                value = sum.getFloat();
            }
            trainer.step();
            return value;
        }
    }
}
