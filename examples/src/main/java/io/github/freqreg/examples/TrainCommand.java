package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.listener.TrainingListener;
import ai.djl.util.JsonUtils;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.Classification.Recipe;
import io.github.freqreg.examples.Classification.Score;
import io.github.freqreg.training.TailTruncation;
import io.github.freqreg.training.TruncationSchedule;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains a network, saves it as a {@code .frq} file, loads the file and measures what it holds. */
@Command(
        name = "train",
        description = "Trains a network and saves it as a .frq file.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class TrainCommand implements Callable<Integer> {

    private static final long DEFAULT_BUDGET = 5_000;

    @Mixin private NetworkArguments arguments;

    @ArgGroup private Amount amount = new Amount();

    @Option(
            names = "--epochs",
            defaultValue = "10",
            description = "times over the training set (default: ${DEFAULT-VALUE})")
    private int epochs;

    @Option(
            names = "--batch-size",
            defaultValue = "32",
            description = "images in a step (default: ${DEFAULT-VALUE})")
    private int batchSize;

    @Option(
            names = "--learning-rate",
            description = "Adam's first learning rate (default: 0.015, with --dense 0.001)")
    private Float learningRate;

    @Option(
            names = "--move",
            defaultValue = "1",
            description =
                    "pixels by which training images are moved at most (default: ${DEFAULT-VALUE})")
    private int move;

    @Option(
            names = "--seed",
            defaultValue = "1",
            description = "of weights and order (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(
            names = "--truncate",
            description =
                    "start with all coefficients and cut the tail over this share of the steps")
    private double truncate;

    @Option(names = "--no-baseline", description = "do not train the dense network for comparison")
    private boolean noBaseline;

    @Option(
            names = "--out",
            defaultValue = "lenet.frq",
            description = "the file to write (default: ${DEFAULT-VALUE})")
    private Path out;

    @Option(names = "--json", description = "write the result to this file as JSON")
    private Path json;

    @Spec private CommandSpec spec;

    /** How much is kept; one of them. */
    static final class Amount {

        @Option(names = "--keep-rate", description = "share of each tensor's coefficients")
        private Double keepRate;

        @Option(names = "--keep", description = "coefficients kept of each tensor")
        private Long keep;

        @Option(
                names = "--budget",
                description = "numbers of the whole network, biases included (default: 5000)")
        private Long budget;

        @Option(names = "--dense", description = "train the plain network")
        private boolean dense;
    }

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        check(
                arguments.network() == NetworkArguments.Network.LENET,
                "train knows lenet only so far; unet can be imported and evaluated");
        check(epochs >= 1, "--epochs must be 1 or more but is " + epochs);
        check(batchSize >= 1, "--batch-size must be 1 or more but is " + batchSize);
        check(move >= 0 && move <= 10, "--move must be 0 to 10 but is " + move);
        check(
                learningRate == null || learningRate > 0 && Float.isFinite(learningRate),
                "--learning-rate must be above 0 and finite but is " + learningRate);
        check(truncate >= 0 && truncate <= 1, "--truncate must be 0 to 1 but is " + truncate);
        check(
                !amount.dense || truncate == 0 && !noBaseline,
                "--truncate and --no-baseline have no meaning with --dense");
        checkWritable(out);
        if (json != null) {
            checkWritable(json);
        }
        FrequencyRegularization policy = amount.dense ? null : policy();
        Device device = arguments.device(spec);
        Digits.Split digits = Digits.load(arguments.data());
        PrintWriter output = spec.commandLine().getOut();
        output.printf(
                "LeNet-5 on %s: %,d training and %,d test images%n",
                digits.source(), digits.training().size(), digits.test().size());

        Result baseline = null;
        if (policy != null && !noBaseline) {
            output.println("dense, for comparison:");
            baseline = run(digits, null, device, null);
        }
        output.println(policy == null ? "dense:" : "frequency-regularized:");
        Result result = run(digits, policy, device, out);
        output.println();
        output.print(CompressionReport.of(out));
        output.println();
        output.printf(
                Locale.ROOT, "%-12s %12s %14s  %s%n", "", "numbers", "bytes", "on the test set");
        if (baseline != null) {
            print(output, "dense", baseline);
        }
        print(output, policy == null ? "dense" : "compressed", result);
        output.println("saved, loaded and measured again: " + out);
        output.flush();
        if (json != null) {
            writeJson(result, baseline);
        }
        return 0;
    }

    private static void print(PrintWriter output, String name, Result result) {
        output.printf(
                Locale.ROOT,
                "%-12s %,12d %,14d  %s%n",
                name,
                result.numbers,
                result.bytes,
                result.score);
    }

    private FrequencyRegularization policy() {
        FrequencyRegularization.Builder builder = FrequencyRegularization.builder();
        try {
            if (amount.keep != null) {
                builder.optKept(amount.keep);
            } else if (amount.keepRate != null) {
                builder.optKeepRate(amount.keepRate);
            } else {
                builder.optBudget(amount.budget == null ? DEFAULT_BUDGET : amount.budget);
            }
            if (truncate > 0) {
                builder.optStartRate(1.0);
            }
            FrequencyRegularization policy = builder.build();
            // Tells now, rather than after the dense network has been trained.
            policy.apply(LeNet.build(), new Shape(1).addAll(LeNet.INPUT));
            return policy;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private void check(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** Tells before the training, rather than after it, that a result cannot be written. */
    private static void checkWritable(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new DataException(file + ": expected the name of a file, but it is a folder");
        }
        Files.createDirectories(folder);
        if (!Files.isWritable(folder)) {
            throw new DataException(folder + ": expected a folder that can be written to");
        }
    }

    /**
     * What a training gave.
     *
     * @param numbers all numbers of the network that are stored
     * @param bytes the size of the file, or four bytes a number for a network that is not saved
     * @param score on the test set
     * @param seconds of training
     */
    private record Result(long numbers, long bytes, Score score, double seconds) {}

    /** Trains one network; with a file it is saved, loaded into a fresh network and measured. */
    private Result run(
            Digits.Split digits, FrequencyRegularization policy, Device device, Path file)
            throws IOException, MalformedModelException {
        Classification.seed(seed);
        float rate = learningRate != null ? learningRate : policy == null ? 0.001f : 0.015f;
        Recipe recipe = new Recipe(epochs, batchSize, rate, move, seed);
        try (Model model = Model.newInstance("lenet", device)) {
            Block block = LeNet.build();
            if (policy != null) {
                block = policy.apply(block, new Shape(1).addAll(LeNet.INPUT));
            }
            model.setBlock(block);
            double seconds =
                    Classification.train(
                            model,
                            digits,
                            recipe,
                            listeners(recipe, digits, policy != null),
                            device,
                            spec.commandLine().getOut());
            if (file == null) {
                CompressionReport report = CompressionReport.of(model.getBlock());
                return new Result(
                        report.getOriginal(),
                        report.getDenseBytes(),
                        Classification.evaluate(
                                model.getBlock(), model.getNDManager(), digits.test()),
                        seconds);
            }
            FrequencyFile.save(model.getBlock(), file);
            CompressionReport report = CompressionReport.of(file);
            return new Result(
                    report.getKept(),
                    report.getBytes(),
                    EvaluateCommand.evaluate(file, digits, device),
                    seconds);
        }
    }

    private List<TrainingListener> listeners(
            Recipe recipe, Digits.Split digits, boolean regularized) {
        if (!regularized || truncate == 0) {
            return List.of();
        }
        long steps = Math.max(1, (long) (recipe.steps(digits.training()) * truncate));
        return List.of(
                TailTruncation.builder()
                        .optEveryBatches(1)
                        .optSchedule(TruncationSchedule.cubic(steps))
                        .build());
    }

    private void writeJson(Result result, Result baseline) throws IOException {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("model", "lenet");
        values.put("metric", "accuracy");
        values.put("value", result.score.accuracy());
        values.put("numbers", result.numbers);
        values.put("bytes", result.bytes);
        values.put("seconds", result.seconds);
        values.put("epochs", epochs);
        values.put("seed", seed);
        if (baseline != null) {
            values.put("denseValue", baseline.score.accuracy());
            values.put("denseNumbers", baseline.numbers);
            values.put("denseBytes", baseline.bytes);
            values.put("denseSeconds", baseline.seconds);
        }
        Files.writeString(json, JsonUtils.GSON_PRETTY.toJson(values) + System.lineSeparator());
    }
}
