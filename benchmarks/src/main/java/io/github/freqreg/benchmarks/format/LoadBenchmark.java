package io.github.freqreg.benchmarks.format;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * From a file of the published UNet's structure, 33 coefficients of each of 23 tensors, to a
 * network that is ready, against allocating and filling as many dense weights. Each is done once in
 * a process of its own, as a program does it: so both get their memory from the system. A narrow
 * UNet warms the process.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar LoadBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(10)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class LoadBenchmark {

    private static final Shape INPUT = new Shape(1, 3, 96, 96);
    private static final int WIDTH = 64;
    private static final int NARROW = 4;
    private static final int ROUNDS = 300;

    @Param private Way way;

    private Saved saved;

    /** What is timed. */
    public enum Way {
        /** The baseline: the dense weights are allocated and filled with one number. */
        FILL,
        /** The coefficients are in place, ready to compute factored. */
        LOADED,
        /** The dense weights are in place, in a plain DJL network. */
        DENSE_WEIGHTS,
        /** The first prediction of a 96×96 image is made. */
        FIRST_PREDICTION
    }

    /** A file with what is to become of it. */
    private record Saved(Path file, int width, List<Shape> shapes) {

        static Saved of(int width) throws IOException {
            Path file = Files.createTempFile("unet", ".frq");
            try (NDManager manager = NDManager.newBaseManager()) {
                Block block = new UNet(width, 4, 2);
                block = FrequencyRegularization.builder().optKept(33).build().apply(block, INPUT);
                block.initialize(manager, DataType.FLOAT32, INPUT);
                FrequencyFile.save(block, file);
                Block dense = FrequencyBlocks.toDense(block);
                return new Saved(
                        file,
                        width,
                        dense.getParameters().values().stream().map(Parameter::getShape).toList());
            }
        }

        float load(Way way) throws IOException, MalformedModelException {
            if (way == Way.FILL) {
                try (NDManager manager = NDManager.newBaseManager()) {
                    NDArray last = null;
                    for (Shape shape : shapes) {
                        last = manager.full(shape, 0.5f);
                    }
                    return last.flatten().getFloat(0);
                }
            }
            try (Model model = Model.newInstance("unet")) {
                model.setBlock(new UNet(width, 4, 2));
                FrequencyFile.load(model, file);
                if (way == Way.LOADED) {
                    return 0;
                }
                if (way == Way.DENSE_WEIGHTS) {
                    FrequencyBlocks.toDense(model);
                    return model.getBlock()
                            .getParameters()
                            .valueAt(0)
                            .getArray()
                            .flatten()
                            .getFloat(0);
                }
                try (NDManager scratch = model.getNDManager().newSubManager()) {
                    NDList image = new NDList(scratch.zeros(INPUT));
                    return model.getBlock()
                            .forward(new ParameterStore(scratch, false), image, false)
                            .head()
                            .flatten()
                            .getFloat(0);
                }
            }
        }
    }

    /** Writes the files, and warms the process. */
    @Setup(Level.Trial)
    public void open() throws IOException, MalformedModelException {
        System.setProperty("ai.djl.offline", "true");
        saved = Saved.of(WIDTH);
        Saved narrow = Saved.of(NARROW);
        for (int i = 0; i < ROUNDS; i++) {
            narrow.load(way);
        }
        Files.delete(narrow.file);
    }

    /** Removes the file. */
    @TearDown(Level.Trial)
    public void close() throws IOException {
        Files.delete(saved.file);
    }

    /**
     * Gets ready once.
     *
     * @return a number of what was made
     */
    @Benchmark
    public float load() throws IOException, MalformedModelException {
        return saved.load(way);
    }
}
