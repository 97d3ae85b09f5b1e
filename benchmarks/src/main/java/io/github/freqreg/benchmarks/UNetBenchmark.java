package io.github.freqreg.benchmarks;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.concurrent.TimeUnit;
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
 * One prediction of the published UNet's structure on an image of 959×640, dense and by each
 * strategy, 33 coefficients kept of each tensor.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar UNetBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 4, time = 1)
public class UNetBenchmark {

    private static final Shape INPUT = new Shape(1, 3, 640, 959);

    @Param private Way way;

    private NDManager manager;
    private Block block;
    private NDArray input;

    /** Builds the network. */
    @Setup(Level.Trial)
    public void open() {
        System.setProperty("ai.djl.offline", "true");
        Engine.getInstance().setRandomSeed(1);
        manager = NDManager.newBaseManager();
        block = way.wrap(new UNet(64, 4, 2), FrequencyRegularization.builder().optKept(33), INPUT);
        block.initialize(manager, DataType.FLOAT32, INPUT);
        input = manager.randomUniform(0, 1, INPUT);
    }

    /** Frees the network. */
    @TearDown(Level.Trial)
    public void close() {
        manager.close();
    }

    /**
     * Predicts once.
     *
     * @return the largest score
     */
    @Benchmark
    public float prediction() {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray image = input.get(scratch, new NDIndex().addAllDim());
            return block.forward(new ParameterStore(scratch, false), new NDList(image), false)
                    .singletonOrThrow()
                    .max()
                    .getFloat();
        }
    }
}
