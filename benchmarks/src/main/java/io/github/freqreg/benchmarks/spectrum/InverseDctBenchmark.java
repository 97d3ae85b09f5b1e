package io.github.freqreg.benchmarks.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.Dct;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
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
 * Rebuilding a tensor from its kept coefficients, against copying it and against the transform of
 * all its zeros along every axis, as the published code does it.
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

    private NDManager manager;
    private NDArray coefficients;
    private NDArray spatial;
    private SpectralTransform transform;

    /** Weights of the networks of the paper. */
    public enum Tensor {
        /** UNet's deepest, which keeps 33. */
        UNET_1024(33, 1024, 1024, 3, 3),
        /** ResNet's and VGG's widest, which keep 128. */
        RESNET_512(128, 512, 512, 3, 3),
        /** LeNet-5's first linear layer. */
        LENET_LINEAR(195, 500, 800);

        private final int kept;
        private final Shape shape;

        Tensor(int kept, long... shape) {
            this.kept = kept;
            this.shape = new Shape(shape);
        }
    }

    /** What is timed. */
    public enum Way {
        /** The baseline: a copy of the tensor into new memory. */
        COPY,
        /** This library: from the kept coefficients. */
        REBUILD,
        /**
         * The transform along every axis at full size, its zeros included, with tables made anew.
         */
        FULL
    }

    /** Makes the tensor and the tables. */
    @Setup(Level.Trial)
    public void open() {
        System.setProperty("ai.djl.offline", "true");
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

    /** Frees everything. */
    @TearDown(Level.Trial)
    public void close() {
        transform.close();
        manager.close();
    }

    /** Makes the tensor once. */
    @Benchmark
    public void inverse() {
        NDArray made =
                switch (way) {
                    case COPY -> spatial.duplicate();
                    case REBUILD -> transform.rebuild(coefficients, manager);
                    case FULL -> Dct.idct(spatial);
                };
        made.close();
    }
}
