package io.github.freqreg.benchmarks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.examples.networks.AlexNet;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.networks.Vgg;
import io.github.freqreg.examples.networks.VisionTransformer;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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
 * The networks of the paper at full size and at the kept numbers of its last version: a prediction,
 * and a training step (forward, backward, Adam).
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar NetworkBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 3, time = 1)
public class NetworkBenchmark {

    @Param private Network network;

    @Param({"DENSE", "REBUILD", "AUTO"})
    private Way way;

    private Trained trained;

    /** The networks, with batches that fit two cores. */
    public enum Network {
        /** 776 numbers in all, the biases whole. */
        LENET(
                LeNet::build,
                policy -> policy.optBudget(776).optParameterTypes(Parameter.Type.WEIGHT),
                new Shape(128, 1, 28, 28)),
        /** 128 of each convolution, 256 of each linear layer. */
        ALEXNET(
                () -> AlexNet.build(AlexNet.WIDTH, 10),
                Network::floors,
                new Shape(16, 3, 224, 224)),
        /** 128 of each convolution, 256 of the linear layer. */
        VGG(() -> Vgg.build(Vgg.WIDTH, 10), Network::floors, new Shape(32, 3, 32, 32)),
        /** 128 of each convolution, 256 of the linear layer. */
        RESNET18(
                () -> ResNet18.build(ResNet18.WIDTH, 10),
                Network::floors,
                new Shape(32, 3, 32, 32)),
        /** 1 in 100 of each linear layer but the ends. */
        VIT(
                () -> new VisionTransformer(VisionTransformer.WIDTH, 10),
                policy -> policy.optKeepRate(0.01).optExclude("^(patches|head)"),
                new Shape(32, 3, 32, 32)),
        /** 33 of each layer. */
        UNET(() -> new UNet(64, 4, 2), policy -> policy.optKept(33), new Shape(2, 3, 96, 96)),
        /** 1 in 100 of each layer. */
        VAE(
                () -> new Vae(Vae.WIDTH),
                policy -> policy.optKeepRate(0.01),
                new Shape(128, 1, 28, 28),
                new Shape(128, Vae.LATENT)),
        /** 1 in 100 of each layer. */
        DCGAN(
                () -> new Dcgan(Dcgan.WIDTH),
                policy -> policy.optKeepRate(0.01),
                new Shape(32, 1, 64, 64),
                new Shape(32, Dcgan.NOISE, 1, 1));

        private final Supplier<Block> maker;
        private final Consumer<FrequencyRegularizationBuilder> policy;
        private final Shape[] inputs;

        Network(
                Supplier<Block> maker,
                Consumer<FrequencyRegularizationBuilder> policy,
                Shape... inputs) {
            this.maker = maker;
            this.policy = policy;
            this.inputs = inputs;
        }

        /** A rate so low that the published floors hold. */
        private static void floors(FrequencyRegularizationBuilder policy) {
            policy.optKeepRate(1e-6);
        }

        private Block wrapped(Way way) {
            FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
            policy.accept(builder);
            return way.wrap(maker.get(), builder, inputs);
        }
    }

    /** Builds the network and its trainer. */
    @Setup(Level.Trial)
    public void open() {
        trained = new Trained(() -> network.wrapped(way), false, network.inputs);
    }

    /** Frees the network. */
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
