package io.github.freqreg.benchmarks.execution;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.github.freqreg.benchmarks.Trained;
import io.github.freqreg.benchmarks.Way;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The memory for training a layer: a fresh process creates the layer and takes five steps.
 *
 * <ul>
 *   <li>{@code startMiB}: growth of the process's peak resident memory while the layer is created.
 *       Initialisation draws dense weights, one tensor at a time, and projects them.
 *   <li>{@code trainingMiB}: the same growth during the steps, including activations. Both are only
 *       available on Linux.
 *   <li>{@code stateMiB}: four bytes for each trained value, its gradient and Adam's two moments.
 * </ul>
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar MemoryBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class MemoryBenchmark {

    private static final int STEPS = 5;
    private static final int ARRAYS_A_NUMBER = 4;
    private static final double MIB = 1 << 20;

    @Param private Layer layer;

    @Param({"DENSE", "REBUILD", "FACTORED"})
    private Way way;

    /** Two large layers. */
    public enum Layer {
        /** A convolution of 2,359,296 weights, of which 128 are kept. */
        CONVOLUTION_512(
                () ->
                        Conv2d.builder()
                                .setFilters(512)
                                .setKernelShape(new Shape(3, 3))
                                .optPadding(new Shape(1, 1))
                                .optBias(false)
                                .build(),
                128,
                32,
                512,
                4,
                4),
        /** AlexNet's linear layer of 37,748,736 weights, of which 256 are kept. */
        ALEXNET_LINEAR(() -> Linear.builder().setUnits(4096).optBias(false).build(), 256, 64, 9216);

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
    }

    /** The counters that JMH reports. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Memory {
        /** Growth of the peak resident memory while the layer is created. */
        public double startMiB;

        /** Growth of the peak resident memory during the steps. */
        public double trainingMiB;

        /** Memory of trained values, gradients and moments. */
        public double stateMiB;
    }

    /**
     * Trains for five steps.
     *
     * @param memory receives the counters
     * @return the last sum of the outputs
     */
    @Benchmark
    public float training(Memory memory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            // Loads the engine, whose own memory must not count.
            manager.ones(new Shape(64, 64))
                    .matMul(manager.ones(new Shape(64, 64)))
                    .sum()
                    .getFloat();
        }
        double before = resident("VmRSS:");
        try (Trained trained = new Trained(() -> layer.wrapped(way), true, layer.input)) {
            memory.startMiB = resident("VmHWM:") - before;
            // Resets the peak resident memory to the current one.
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            float last = 0;
            for (int i = 0; i < STEPS; i++) {
                last = trained.run();
            }
            memory.trainingMiB = resident("VmHWM:") - before;
            memory.stateMiB = ARRAYS_A_NUMBER * Float.BYTES * trained.numbers() / MIB;
            return last;
        }
    }

    private static double resident(String entry) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(entry))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no " + entry));
    }
}
