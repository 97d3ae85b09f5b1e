package io.github.freqreg.benchmarks.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.benchmarks.Case;
import io.github.freqreg.benchmarks.Timed;
import io.github.freqreg.benchmarks.Trained;
import io.github.freqreg.benchmarks.Way;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
 * The time of a training step of a 3×3 convolution for different kept numbers, channels and image
 * sizes. By default, 128 coefficients are kept, and the input has 8 images of 128 channels and
 * 32×32 pixels.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar GrowthBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 3, time = 1)
public class GrowthBenchmark {

    private static final int BATCH = 8;

    @Param private Point point;

    @Param({"DENSE", "AUTO"})
    private Way way;

    private Timed timed;

    /** The varied setting and its value. */
    public enum Point {
        /** Kept number. */
        KEPT_32(32, 128, 32),
        /** Kept number. */
        KEPT_128(128, 128, 32),
        /** Kept number. */
        KEPT_512(512, 128, 32),
        /** Kept number. */
        KEPT_2048(2048, 128, 32),
        /** Kept number; more than half of all coefficients. */
        KEPT_100000(100_000, 128, 32),
        /** Channels. */
        CHANNELS_32(128, 32, 32),
        /** Channels. */
        CHANNELS_64(128, 64, 32),
        /** Channels. */
        CHANNELS_256(128, 256, 32),
        /** Channels. */
        CHANNELS_512(128, 512, 32),
        /** Side of the image. */
        SIDE_8(128, 128, 8),
        /** Side of the image. */
        SIDE_16(128, 128, 16),
        /** Side of the image. */
        SIDE_64(128, 128, 64),
        /** Side of the image. */
        SIDE_128(128, 128, 128);

        private final int kept;
        private final int channels;
        private final int side;

        Point(int kept, int channels, int side) {
            this.kept = kept;
            this.channels = channels;
            this.side = side;
        }

        private Timed open(Way way) {
            return new Trained(() -> wrapped(way), true, input());
        }

        private Shape input() {
            return new Shape(BATCH, channels, side, side);
        }

        private Block wrapped(Way way) {
            return way.wrap(
                    LayerBenchmark.Layer.convolution(channels),
                    FrequencyRegularization.builder().optKept(kept).optIdentityStart(false),
                    input());
        }
    }

    /**
     * Returns what is timed side by side.
     *
     * @return a case for each point
     */
    public static List<Case> cases() {
        return Stream.of(Point.values())
                .map(
                        point ->
                                Case.of(
                                        "Growth",
                                        point.name(),
                                        List.of(Way.DENSE, Way.AUTO),
                                        point::open))
                .toList();
    }

    /** Builds the layer and its trainer. */
    @Setup(Level.Trial)
    public void open() {
        timed = point.open(way);
    }

    /** Frees the layer. */
    @TearDown(Level.Trial)
    public void close() {
        timed.close();
    }

    /**
     * Takes one training step.
     *
     * @return the sum of the outputs
     */
    @Benchmark
    public float step() {
        return timed.run();
    }
}
