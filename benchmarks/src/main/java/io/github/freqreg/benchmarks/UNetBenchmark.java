package io.github.freqreg.benchmarks;

import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.List;
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
 * Prediction with the architecture of the published UNet on an image of 959×640, dense and with
 * each strategy. Each tensor keeps 33 coefficients.
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

    @Param private Way way;

    private Timed timed;

    private static Timed open(Way way) {
        return new Predicted(
                () ->
                        way.wrap(
                                PublishedUNet.build(),
                                FrequencyRegularization.builder().optKept(33),
                                PublishedUNet.INPUT),
                PublishedUNet.INPUT);
    }

    /**
     * Returns what is timed side by side.
     *
     * @return one case
     */
    public static List<Case> cases() {
        return List.of(
                Case.of(
                        "Published UNet, 959×640, PREDICTION",
                        "",
                        List.of(Way.values()),
                        UNetBenchmark::open));
    }

    /** Builds the network. */
    @Setup(Level.Trial)
    public void open() {
        timed = open(way);
    }

    /** Frees the network. */
    @TearDown(Level.Trial)
    public void close() {
        timed.close();
    }

    /**
     * Predicts once.
     *
     * @return the sum of the scores
     */
    @Benchmark
    public float prediction() {
        return timed.run();
    }
}
