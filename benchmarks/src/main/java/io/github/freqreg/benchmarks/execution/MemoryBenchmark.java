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
 * The memory that a layer's training takes: it is made and takes five steps in a process of its
 * own.
 *
 * <ul>
 *   <li>{@code startMiB}: by how much the process's largest resident memory grew while the layer
 *       was made. Fresh weights are drawn dense, one tensor at a time, and projected.
 *   <li>{@code trainingMiB}: the same in the steps, activations included. Linux tells both, other
 *       systems do not.
 *   <li>{@code stateMiB}: four bytes for each trained number, its gradient and Adam's two moments.
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

    /** What is counted. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Memory {
        /** Growth of the largest resident memory while the layer was made. */
        public double startMiB;

        /** Growth of the largest resident memory in the steps. */
        public double trainingMiB;

        /** Trained numbers with gradients and moments. */
        public double stateMiB;
    }

    /**
     * Trains for five steps.
     *
     * @param memory gets the figures
     * @return the last sum of the outputs
     */
    @Benchmark
    public float training(Memory memory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            // The engine's own memory is not the layer's.
            manager.ones(new Shape(64, 64))
                    .matMul(manager.ones(new Shape(64, 64)))
                    .sum()
                    .getFloat();
        }
        double before = resident("VmRSS:");
        try (Trained trained = new Trained(() -> layer.wrapped(way), true, layer.input)) {
            memory.startMiB = resident("VmHWM:") - before;
            // Sets the largest resident memory back to the present one.
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            float last = 0;
            for (int i = 0; i < STEPS; i++) {
                last = trained.step();
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
                .orElseThrow(() -> new IOException("/proc/self/status does not tell " + entry));
    }
}
