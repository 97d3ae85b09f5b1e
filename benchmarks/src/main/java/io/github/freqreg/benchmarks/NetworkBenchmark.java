package io.github.freqreg.benchmarks;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.examples.networks.AlexNet;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.networks.Vgg;
import io.github.freqreg.examples.networks.VisionTransformer;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.util.ArrayList;
import java.util.List;
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
 * Prediction and training step (forward, backward, Adam) of the paper's networks at full width,
 * with the kept numbers of the paper's last version.
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

    @Param private Pass pass;

    private Timed timed;

    /** The networks, with batch sizes suitable for two cores. */
    public enum Network {
        /** 776 numbers in total; biases are not compressed. */
        LENET(
                LeNet::build,
                policy -> policy.optBudget(776).optParameterTypes(Parameter.Type.WEIGHT),
                new Shape(128, 1, 28, 28)),
        /** 128 coefficients of each convolution, 256 of each linear layer. */
        ALEXNET(
                () -> AlexNet.build(AlexNet.WIDTH, 10),
                Network::floors,
                new Shape(16, 3, 224, 224)),
        /** 128 coefficients of each convolution, 256 of the linear layer. */
        VGG(() -> Vgg.build(Vgg.WIDTH, 10), Network::floors, new Shape(32, 3, 32, 32)),
        /** 128 coefficients of each convolution, 256 of the linear layer. */
        RESNET18(
                () -> ResNet18.build(ResNet18.WIDTH, 10),
                Network::floors,
                new Shape(32, 3, 32, 32)),
        /** 1% of each linear layer except the first and the last. */
        VIT(
                () -> new VisionTransformer(VisionTransformer.WIDTH, 10),
                policy -> policy.optKeepRate(0.01).optExclude("^\\d+(patches|head)_"),
                new Shape(32, 3, 32, 32)),
        /** 33 coefficients of each layer. */
        UNET(PublishedUNet::build, policy -> policy.optKept(33), new Shape(2, 3, 96, 96)),
        /** 1% of each layer. */
        VAE(
                () -> new Vae(Vae.WIDTH),
                policy -> policy.optKeepRate(0.01),
                new Shape(128, 1, 28, 28),
                new Shape(128, Vae.LATENT)),
        /** 1% of each layer. */
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

        /** Sets a rate so low that each layer keeps the floor of the paper. */
        private static void floors(FrequencyRegularizationBuilder policy) {
            policy.optKeepRate(1e-6);
        }

        private Timed open(Pass pass, Way way) {
            return pass.open(() -> wrapped(way), false, inputs);
        }

        private Block wrapped(Way way) {
            FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
            policy.accept(builder);
            return way.wrap(maker.get(), builder, inputs);
        }
    }

    /**
     * Returns what is timed side by side.
     *
     * @return a case for each pass and network
     */
    public static List<Case> cases() {
        List<Way> ways = List.of(Way.DENSE, Way.REBUILD, Way.AUTO);
        List<Case> cases = new ArrayList<>();
        for (Pass pass : Pass.values()) {
            for (Network network : Network.values()) {
                cases.add(
                        Case.of(
                                "Networks, " + pass,
                                network.name(),
                                ways,
                                way -> network.open(pass, way)));
            }
        }
        return cases;
    }

    /** Builds the network. */
    @Setup(Level.Trial)
    public void open() {
        timed = network.open(pass, way);
    }

    /** Frees the network. */
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
