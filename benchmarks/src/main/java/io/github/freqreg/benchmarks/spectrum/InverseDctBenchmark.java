package io.github.freqreg.benchmarks.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.benchmarks.Case;
import io.github.freqreg.benchmarks.Timed;
import io.github.freqreg.spectrum.Dct;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
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
 * Rebuilding a tensor from its kept coefficients, compared with copying the tensor, and with the
 * full inverse transform along every axis, zeros included, as in the published code.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar InverseDct
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class InverseDctBenchmark {

    @Param private Tensor tensor;

    @Param private Way way;

    private Timed timed;

    /** Weights of the paper's networks. */
    public enum Tensor {
        /** The deepest layer of UNet, which keeps 33 coefficients. */
        UNET_1024(33, 1024, 1024, 3, 3),
        /** The widest layers of ResNet and VGG, which keep 128 coefficients. */
        RESNET_512(128, 512, 512, 3, 3),
        /** The first linear layer of LeNet-5. */
        LENET_LINEAR(195, 500, 800);

        private final int kept;
        private final Shape shape;

        Tensor(int kept, long... shape) {
            this.kept = kept;
            this.shape = new Shape(shape);
        }
    }

    /** The operation that is timed. */
    public enum Way {
        /** The baseline: copy the tensor into new memory. */
        COPY,
        /** Rebuild from the kept coefficients, as this library does. */
        REBUILD,
        /** The full inverse transform along every axis, zeros included, with new cosine tables. */
        FULL
    }

    /** A tensor, and the tables to rebuild it. */
    private static final class Inverse implements Timed {

        private final NDManager manager;
        private final NDArray coefficients;
        private final NDArray spatial;
        private final SpectralTransform transform;
        private final Way way;

        Inverse(Tensor tensor, Way way) {
            System.setProperty("ai.djl.offline", "true");
            this.way = way;
            manager = NDManager.newBaseManager();
            coefficients = manager.randomNormal(new Shape(tensor.kept));
            transform =
                    new SpectralTransform(
                            ZigzagMask.of(tensor.shape, tensor.kept),
                            manager,
                            manager.getDevice(),
                            DataType.FLOAT32);
            spatial = manager.randomNormal(tensor.shape);
        }

        @Override
        public float run() {
            try (NDArray made =
                    switch (way) {
                        case COPY -> spatial.duplicate();
                        case REBUILD -> transform.rebuild(coefficients, manager);
                        case FULL -> Dct.idct(spatial);
                    }) {
                return made.size();
            }
        }

        @Override
        public void close() {
            transform.close();
            manager.close();
        }
    }

    /**
     * Returns what is timed side by side.
     *
     * @return a case for each tensor
     */
    public static List<Case> cases() {
        return Stream.of(Tensor.values())
                .map(
                        tensor ->
                                Case.of(
                                        "Inverse DCT",
                                        tensor.name(),
                                        List.of(Way.values()),
                                        way -> new Inverse(tensor, way)))
                .toList();
    }

    /** Creates the tensor and the tables. */
    @Setup(Level.Trial)
    public void open() {
        timed = new Inverse(tensor, way);
    }

    /** Frees the tensors and the tables. */
    @TearDown(Level.Trial)
    public void close() {
        timed.close();
    }

    /**
     * Computes the tensor once.
     *
     * @return its number of elements
     */
    @Benchmark
    public float inverse() {
        return timed.run();
    }
}
