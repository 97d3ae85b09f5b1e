package io.github.freqreg.benchmarks.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import io.github.freqreg.benchmarks.Case;
import io.github.freqreg.benchmarks.Pass;
import io.github.freqreg.benchmarks.Timed;
import io.github.freqreg.benchmarks.Way;
import io.github.freqreg.nn.TransposedConv2d;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.ArrayList;
import java.util.List;
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
 * Prediction and training step (forward, backward to coefficients and input, Adam) of one layer,
 * dense and with each strategy.
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

    @Param private Pass pass;

    private Timed timed;

    /** Layers of the paper's networks, each with the kept number and the input shape. */
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
        /** ViT, the projection to queries, keys and values, 65 tokens. */
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
                119),
        /** An LSTM, whose weights are rebuilt: 20 steps of 128 numbers. */
        LSTM_256(
                () -> LSTM.builder().setNumLayers(1).setStateSize(256).build(), 3_932, 32, 20, 128),
        /** Attention with 8 heads over 65 tokens, in a block that calls its layers itself. */
        ATTENTION_512(
                () ->
                        ScaledDotProductAttentionBlock.builder()
                                .setEmbeddingSize(512)
                                .setHeadCount(8)
                                .build(),
                2_621,
                32,
                65,
                512);

        private final Supplier<Block> maker;
        private final long kept;
        private final Shape input;

        Layer(Supplier<Block> maker, long kept, long... input) {
            this.maker = maker;
            this.kept = kept;
            this.input = new Shape(input);
        }

        private Timed open(Pass pass, Way way) {
            return pass.open(
                    () ->
                            way.wrap(
                                    maker.get(),
                                    FrequencyRegularization.builder()
                                            .optKept(kept)
                                            .optIdentityStart(false),
                                    input),
                    true,
                    input);
        }

        /** Returns a 3×3 convolution that keeps the size of the image, without a bias. */
        static Block convolution(int filters) {
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

    /**
     * Returns what is timed side by side.
     *
     * @return a case for each pass and layer
     */
    public static List<Case> cases() {
        List<Way> ways = List.of(Way.DENSE, Way.REBUILD, Way.FACTORED, Way.AUTO);
        List<Case> cases = new ArrayList<>();
        for (Pass pass : Pass.values()) {
            for (Layer layer : Layer.values()) {
                cases.add(
                        Case.of(
                                "Layers, " + pass,
                                layer.name(),
                                ways,
                                way -> layer.open(pass, way)));
            }
        }
        return cases;
    }

    /** Builds the layer. */
    @Setup(Level.Trial)
    public void open() {
        timed = layer.open(pass, way);
    }

    /** Frees the layer. */
    @TearDown(Level.Trial)
    public void close() {
        timed.close();
    }

    /**
     * Runs one pass.
     *
     * @return a value that depends on the result
     */
    @Benchmark
    public float run() {
        return timed.run();
    }
}
