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
import io.github.freqreg.benchmarks.Case;
import io.github.freqreg.benchmarks.Timed;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * Loading a file with the architecture of the published UNet, 33 coefficients for each of 23
 * tensors, compared with allocating and filling the same number of dense weights.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar LoadBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 5, time = 1)
public class LoadBenchmark {

    private static final Shape INPUT = new Shape(1, 3, 96, 96);

    @Param private Way way;

    private Timed timed;

    /** The operation that is timed. */
    public enum Way {
        /** The baseline: allocate the dense weights and fill them with one number. */
        FILL,
        /** Load the coefficients; the network is ready for factored execution. */
        LOADED,
        /** Load, and convert to a plain DJL network with dense weights. */
        DENSE_WEIGHTS,
        /** Load, and predict one 96×96 image. */
        FIRST_PREDICTION
    }

    /** A saved network, the shapes of its dense weights, and how it is loaded. */
    private record Saved(Path file, List<Shape> shapes, Way way) implements Timed {

        static Saved of(Way way) {
            System.setProperty("ai.djl.offline", "true");
            try (NDManager manager = NDManager.newBaseManager()) {
                Path file = Files.createTempFile("unet", ".frq");
                Block block = PublishedUNet.build();
                block = FrequencyRegularization.builder().optKept(33).build().apply(block, INPUT);
                block.initialize(manager, DataType.FLOAT32, INPUT);
                FrequencyFile.save(block, file);
                Block dense = FrequencyBlocks.toDense(block);
                return new Saved(
                        file,
                        dense.getParameters().values().stream().map(Parameter::getShape).toList(),
                        way);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public float run() {
            if (way == Way.FILL) {
                return fill();
            }
            try (Model model = Model.newInstance("unet")) {
                model.setBlock(PublishedUNet.build());
                FrequencyFile.load(model, file);
                return switch (way) {
                    case FILL, LOADED -> 0;
                    case DENSE_WEIGHTS -> {
                        FrequencyBlocks.toDense(model);
                        yield first(model.getBlock().getParameters().valueAt(0).getArray());
                    }
                    case FIRST_PREDICTION -> predict(model);
                };
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (MalformedModelException e) {
                throw new IllegalStateException(e);
            }
        }

        private float fill() {
            try (NDManager manager = NDManager.newBaseManager()) {
                NDArray last = null;
                for (Shape shape : shapes) {
                    last = manager.full(shape, 0.5f);
                }
                return first(last);
            }
        }

        private static float predict(Model model) {
            try (NDManager scratch = model.getNDManager().newSubManager()) {
                NDList image = new NDList(scratch.zeros(INPUT));
                return first(
                        model.getBlock()
                                .forward(new ParameterStore(scratch, false), image, false)
                                .head());
            }
        }

        private static float first(NDArray array) {
            return array.flatten().getFloat(0);
        }

        /** Removes the file. */
        @Override
        public void close() {
            try {
                Files.delete(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * Returns what is timed side by side.
     *
     * @return one case
     */
    public static List<Case> cases() {
        return List.of(Case.of("Loading", "UNet", List.of(Way.values()), Saved::of));
    }

    /** Writes the file. */
    @Setup(Level.Trial)
    public void open() {
        timed = Saved.of(way);
    }

    /** Removes the file. */
    @TearDown(Level.Trial)
    public void close() {
        timed.close();
    }

    /**
     * Runs the operation once.
     *
     * @return a value that depends on the result
     */
    @Benchmark
    public float load() {
        return timed.run();
    }
}
