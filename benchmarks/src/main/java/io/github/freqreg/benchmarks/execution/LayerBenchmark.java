package io.github.freqreg.benchmarks.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.github.freqreg.benchmarks.Trained;
import io.github.freqreg.benchmarks.Way;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
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
 * One layer, dense and by each strategy: a prediction, and a training step (forward, backward to
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
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 3, time = 1)
public class LayerBenchmark {

    @Param private Layer layer;

    @Param({"DENSE", "REBUILD", "FACTORED", "AUTO"})
    private Way way;

    private Trained trained;

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

        private Block wrapped(Way way) {
            return way.wrap(maker.get(), FrequencyRegularization.builder().optKept(kept), input);
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

    /** Builds the layer and its trainer. */
    @Setup(Level.Trial)
    public void open() {
        trained = new Trained(() -> layer.wrapped(way), true, layer.input);
    }

    /** Frees the layer. */
    @TearDown(Level.Trial)
    public void close() {
        trained.close();
    }

    /**
     * Predicts once.
     *
     * @return a number of the output
     */
    @Benchmark
    public float prediction() {
        return trained.prediction();
    }

    /**
     * Takes one training step.
     *
     * @return the sum of the outputs
     */
    @Benchmark
    public float step() {
        return trained.step();
    }
}
