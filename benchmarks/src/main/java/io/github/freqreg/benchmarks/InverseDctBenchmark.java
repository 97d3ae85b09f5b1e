package io.github.freqreg.benchmarks;

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
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Rebuilding a tensor of 1024×1024×3×3 from 33 coefficients, as the paper's UNet does, against
 * copying it and against the transform of all its zeros.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar InverseDct
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class InverseDctBenchmark {

    private static final Shape SHAPE = new Shape(1024, 1024, 3, 3);
    private static final int KEPT = 33;

    private NDManager manager;
    private NDArray coefficients;
    private NDArray spatial;
    private SpectralTransform transform;

    /** Makes the tensor and the tables. */
    @Setup(Level.Trial)
    public void open() {
        System.setProperty("ai.djl.offline", "true");
        manager = NDManager.newBaseManager();
        coefficients = manager.randomNormal(new Shape(KEPT));
        transform =
                new SpectralTransform(
                        ZigzagMask.of(SHAPE, KEPT), manager, manager.getDevice(), DataType.FLOAT32);
        spatial = transform.rebuild(coefficients, manager);
    }

    /** Frees everything. */
    @TearDown(Level.Trial)
    public void close() {
        transform.close();
        manager.close();
    }

    /** The baseline: a copy of the tensor into new memory. */
    @Benchmark
    public void copy() {
        spatial.duplicate().close();
    }

    /** This library: from the kept coefficients. */
    @Benchmark
    public void rebuild() {
        transform.rebuild(coefficients, manager).close();
    }

    /** The transform along every axis at full size, its zeros included, with tables made anew. */
    @Benchmark
    public void fullTransform() {
        Dct.idct(spatial).close();
    }
}
