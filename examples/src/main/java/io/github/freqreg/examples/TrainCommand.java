package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.examples.Task.Score;
import io.github.freqreg.examples.Task.Settings;
import io.github.freqreg.examples.Training.Descent;
import io.github.freqreg.examples.Training.Epoch;
import io.github.freqreg.examples.Training.Limit;
import io.github.freqreg.examples.Training.Recipe;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.policy.TensorChoice;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

    private static final String LEARNING = "learning.png";
    private static final String TRUNCATION = "truncation.png";
    private static final float SGD_RATE = 0.01f;
    private static final int EPOCHS = 10;

    @Mixin private NetworkArguments arguments;

    @ArgGroup private Amount amount = new Amount();

    @Option(
            names = "--epochs",
            description =
                    "times over the training set (default: the recipe's, or 10). With --resume it"
                            + " may be larger than before: the schedules of the learning rate, of"
                            + " --truncate and of rounding are stretched to it from there on, and"
                            + " the result differs from a training with either number from the start")
    private Integer epochs;

    @Option(
            names = "--batch-size",
            description =
                    "examples in a step (default: the recipe's, or unet 2, vae 128, dcgan 64, the"
                            + " others 32)")
    private Integer batchSize;

    @Option(
            names = "--learning-rate",
            description =
                    "the first learning rate (default: the recipe's; or 0.01 with sgd; with adam"
                            + " lenet 0.015, alexnet 0.004, vgg 0.005, vit 0.003, dcgan 0.002,"
                            + " vae 0.02, the others 0.01, and for plain networks 0.001, alexnet"
                            + " and vit 0.0005)")
    private Float learningRate;

    @Option(
            names = "--optimizer",
            defaultValue = "adam",
            description = "adam, or sgd with a momentum of 0.9 (default: adam)")
    private Descent descent;

    @Option(
            names = "--move",
            description =
                    "classifiers: pixels by which training images are moved at most (default: lenet"
                            + " 1, the others 2)")
    private Integer move;

    @Option(
            names = "--turn",
            paramLabel = "DEGREES",
            description =
                    "classifiers: by how many degrees training images are turned at most, and by how"
                            + " many percent scaled (default: 0)")
    private double turn;

    @Option(
            names = "--seed",
            defaultValue = "1",
            description = "of weights and order (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(
            names = "--split",
            description =
                    "beyond the paper: frequencies along maps, rows and columns where these were"
                            + " flattened, and along heads")
    private boolean split;

    @Option(
            names = "--weighted",
            description =
                    "beyond the paper: more frequencies along channels and units, fewer along rows"
                            + " and columns")
    private boolean weighted;

    @Option(
            names = "--balanced",
            paramLabel = "ROUNDS",
            arity = "0..1",
            fallbackValue = "3",
            defaultValue = "0",
            description =
                    "beyond the paper: start with coefficients that are larger at high frequencies,"
                            + " of which few are kept; 3 rounds of scaling, or as many as told")
    private int balanced;

    @Option(
            names = "--biases",
            description =
                    "also compress biases and normalisation parameters, keeping √n of n"
                            + " coefficients")
    private boolean biases;

    @Option(
            names = "--budget-bytes",
            paramLabel = "N",
            description =
                    "round numbers in the second half of the epochs, so that the file has at most N"
                            + " bytes; without another amount, keep as many as these hold, of"
                            + " biases and normalisation too")
    private Long budgetBytes;

    @Option(
            names = "--rate-weight",
            paramLabel = "X",
            description =
                    "with --budget-bytes: how much a bit weighs against the loss, such as 0.00001"
                            + " (default: 0)")
    private double rateWeight;

    @Option(
            names = "--truncate",
            description =
                    "start with all coefficients and cut the tail over this share of the steps")
    private double truncate;

    @Option(names = "--no-baseline", description = "do not train the dense network for comparison")
    private boolean noBaseline;

    @Option(
            names = "--out",
            description = "the file to write (default: the network's name and .frq)")
    private Path out;

    @Option(
            names = "--no-names",
            description = "leave names and shapes out of the file; the network has them")
    private boolean noNames;

    @Option(
            names = "--resume",
            description =
                    "go on from the checkpoint that an interrupted training left beside --out, with"
                            + " the same arguments; --epochs may grow, and --device, --plot, --json"
                            + " and --execution may change")
    private boolean resume;

    @Option(
            names = "--execution",
            description = "print how each layer was computed, and what that was expected to cost")
    private boolean execution;

    @Option(
            names = "--plot",
            paramLabel = "DIR",
            description =
                    "write learning curves there as PNG, since a resume the epochs after it; with"
                            + " --truncate the numbers kept too, in a file of their own; and what"
                            + " vae and dcgan make")
    private Path plot;

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
                description =
                        "numbers of the whole network, biases included (default: lenet 5000; unet"
                                + " keeps 33 of each tensor, the others a rate of 0.01)")
        private Long budget;

        @Option(names = "--preset", description = "as the paper: v1, v2 or v3")
        private Preset preset;

        @Option(
                names = "--recipe",
                description =
                        "lenet: found settings of all that follows: paper-776, small or accurate")
        private LeNetRecipe recipe;

        @Option(names = "--dense", description = "train the plain network")
        private boolean dense;

        /** The option that was given, with its value. */
        String describe() {
            if (dense) {
                return "--dense";
            }
            Map<String, Object> options = new LinkedHashMap<>();
            options.put("--keep-rate", keepRate);
            options.put("--keep", keep);
            options.put("--budget", budget);
            options.put("--preset", preset == null ? null : Choice.word(preset));
            options.put("--recipe", recipe);
            return options.entrySet().stream()
                    .filter(option -> option.getValue() != null)
                    .map(option -> option.getKey() + " " + option.getValue())
                    .findFirst()
                    .orElse("default");
        }

        boolean isOpen() {
            return keepRate == null
                    && keep == null
                    && budget == null
                    && preset == null
                    && recipe == null;
        }
    }

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        check(
                amount.recipe == null || arguments.network() == Network.LENET,
                "--recipe " + amount.recipe + " is one of lenet");
        if (epochs == null) {
            epochs = amount.recipe == null ? EPOCHS : amount.recipe.epochs();
        }
        check(epochs >= 1, "--epochs must be 1 or more but is " + epochs);
        check(
                batchSize == null || batchSize >= 1,
                "--batch-size must be 1 or more but is " + batchSize);
        check(move == null || move >= 0 && move <= 10, "--move must be 0 to 10 but is " + move);
        check(turn >= 0 && turn <= 45, "--turn must be 0 to 45 but is " + turn);
        check(
                learningRate == null || learningRate > 0 && Float.isFinite(learningRate),
                "--learning-rate must be above 0 and finite but is " + learningRate);
        check(
                budgetBytes == null || budgetBytes >= 1 && budgetBytes <= FrqDocument.MAX_BYTES,
                "--budget-bytes must be 1 to " + FrqDocument.MAX_BYTES + " but is " + budgetBytes);
        check(
                rateWeight == 0 || rateWeight > 0 && rateWeight < 1 && budgetBytes != null,
                "--rate-weight must be 0 to 1, with --budget-bytes, but is " + rateWeight);
        check(
                turn == 0 || arguments.network().isClassifier(),
                "--turn has no meaning for " + name());
        check(
                !biases || amount.recipe == null,
                "--biases has no meaning with --recipe, which keeps of them what it says");
        check(truncate >= 0 && truncate <= 1, "--truncate must be 0 to 1 but is " + truncate);
        check(
                !amount.dense
                        || truncate == 0
                                && !noBaseline
                                && !split
                                && !weighted
                                && balanced == 0
                                && !biases
                                && budgetBytes == null,
                "--truncate, --split, --weighted, --balanced, --biases, --budget-bytes and"
                        + " --no-baseline have no meaning with --dense");
        check(
                balanced == 0 || truncate == 0,
                "--balanced has no meaning with --truncate, which starts with all coefficients");
        check(!amount.dense || !execution, "--execution has no meaning with --dense");
        if (out == null) {
            out = Path.of(name() + ".frq");
        }
        // Told before the training rather than after it.
        WholeFile.checkWritable(out);
        if (json != null) {
            WholeFile.checkWritable(json);
        }
        Device device = arguments.device();
        if (plot != null) {
            WholeFile.checkWritable(plot.resolve(LEARNING));
            WholeFile.checkWritable(plot.resolve(TRUNCATION));
        }
        try (Task task = arguments.task(move, turn)) {
            train(task, device);
        }
        return 0;
    }

    private void train(Task task, Device device) throws IOException, MalformedModelException {
        FrequencyRegularization policy = amount.dense ? null : policy(task);
        PrintWriter output = spec.commandLine().getOut();
        Path checkpoint = checkpoint("checkpoint");
        Path denseCheckpoint = checkpoint("dense.checkpoint");
        prepare(task, policy, checkpoint, denseCheckpoint);
        output.println(task.title());

        Result baseline = null;
        if (policy != null && !noBaseline) {
            output.println("dense, for comparison:");
            baseline = run(task, null, device, denseCheckpoint, null);
        }
        output.println(policy == null ? "dense:" : "frequency-regularized:");
        Result result = run(task, policy, device, checkpoint, out);
        output.println();
        output.print(result.report());
        output.println();
        output.printf(
                Locale.ROOT, "%-12s %12s %14s  %s%n", "", "numbers", "bytes", "on the test set");
        if (baseline != null) {
            print(output, "dense", baseline);
        }
        print(output, kind(policy), result);
        output.println("saved, loaded and measured again: " + out);
        output.flush();
        if (json != null) {
            writeJson(task, result, baseline, device);
        }
        if (plot != null) {
            Map<String, List<Epoch>> runs = new LinkedHashMap<>();
            if (baseline != null) {
                runs.put("dense", baseline.epochs());
            }
            runs.put(kind(policy), result.epochs());
            Learning learning = new Learning(result.score().metric(), runs);
            PngFile.write(Curves.draw(task.title(), learning), plot.resolve(LEARNING));
            if (truncate > 0) {
                PngFile.write(
                        Curves.drawTruncation(task.title(), learning), plot.resolve(TRUNCATION));
            }
        }
        delete(checkpoint, denseCheckpoint);
    }

    private static String kind(FrequencyRegularization policy) {
        return policy == null ? "dense" : "compressed";
    }

    private String name() {
        return arguments.network().command();
    }

    private Path checkpoint(String suffix) {
        return out.resolveSibling(out.getFileName() + "." + suffix);
    }

    /** Old checkpoints are gone on from, or in the way. */
    private void prepare(
            Task task, FrequencyRegularization policy, Path checkpoint, Path denseCheckpoint)
            throws IOException, MalformedModelException {
        if (!resume) {
            delete(checkpoint, denseCheckpoint);
            return;
        }
        if (!Files.exists(checkpoint) && !Files.exists(denseCheckpoint)) {
            throw new DataException(
                    checkpoint + ": expected a checkpoint to go on from, but there is none");
        }
        checkSame(checkpoint, describe(task, policy));
        checkSame(denseCheckpoint, describe(task, null));
    }

    private void checkSame(Path checkpoint, Map<String, String> settings)
            throws IOException, MalformedModelException {
        if (Files.exists(checkpoint)) {
            Resumption.refusal(checkpoint, settings).ifPresent(message -> check(false, message));
        }
    }

    /** All that a training's result depends on, by the options that set it. */
    private Map<String, String> describe(Task task, FrequencyRegularization policy) {
        Settings settings = settings(task, policy);
        Limit limit = limit();
        Map<String, String> described = new LinkedHashMap<>();
        described.put("network", name());
        described.put("data", task.data().identity());
        described.put("inputs", Arrays.toString(task.inputs(settings.batchSize())));
        described.putAll(arguments.shape().describe(arguments.network()));
        described.put("amount", amount.describe());
        described.put(Resumption.EPOCHS, String.valueOf(epochs));
        described.put("--batch-size", String.valueOf(settings.batchSize()));
        described.put("--learning-rate", String.valueOf(settings.learningRate()));
        described.put("--optimizer", Choice.word(descent));
        described.put("--seed", String.valueOf(seed));
        if (arguments.network().isClassifier()) {
            int usual = arguments.network().settings().move();
            described.put("--move", String.valueOf(move == null ? usual : move));
        }
        described.put("--turn", String.valueOf(turn));
        described.put("--split", String.valueOf(split));
        described.put("--weighted", String.valueOf(weighted));
        described.put("--balanced", String.valueOf(balanced));
        described.put("--biases", String.valueOf(biases));
        described.put("--truncate", String.valueOf(truncate));
        if (limit != null) {
            described.put("--budget-bytes", String.valueOf(limit.bytes()));
            described.put("--rate-weight", String.valueOf(limit.rateWeight()));
            // Names take bytes of the budget.
            described.put("--no-names", String.valueOf(!limit.names()));
        }
        return described;
    }

    private static void delete(Path... checkpoints) throws IOException {
        for (Path checkpoint : checkpoints) {
            Files.deleteIfExists(checkpoint);
        }
    }

    private static void print(PrintWriter output, String name, Result result) {
        output.printf(
                Locale.ROOT,
                "%-12s %,12d %,14d  %s%n",
                name,
                result.numbers(),
                result.bytes(),
                result.score());
    }

    private FrequencyRegularization policy(Task task) {
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
        boolean byRecipe = amount.recipe != null;
        boolean byBytes = budgetBytes != null && amount.isOpen();
        if (biases || byRecipe || byBytes) {
            chooseAllTrained(builder);
        } else {
            chooseWeights(builder);
        }
        try {
            List<TensorChoice> tensors = builder.build().plan(task.network(), task.inputs(1));
            if (amount.keep != null) {
                builder.optKept(amount.keep);
            } else if (amount.keepRate != null) {
                builder.optKeepRate(amount.keepRate);
            } else if (amount.budget != null) {
                builder.optBudget(amount.budget);
            } else if (amount.preset != null) {
                List<TensorChoice> weights = tensors.stream().filter(t -> !isVector(t)).toList();
                amount.preset.keep(builder, arguments.network(), weights);
            } else if (byRecipe) {
                amount.recipe.keep(builder, tensors);
            } else if (byBytes) {
                builder.optBudgetBytes(budgetBytes);
            } else {
                task.keepByDefault(builder);
            }
            // A budget of numbers, which LeNet has by default too, has shares of its own.
            boolean ofNumbers =
                    amount.budget != null
                            || arguments.network() == Network.LENET
                                    && amount.keepRate == null
                                    && amount.keep == null;
            if (biases && !byBytes && !ofNumbers) {
                keepBiases(builder, tensors);
            }
            Axes.add(
                    builder, arguments.network(), tensors, split || byRecipe, weighted || byRecipe);
            builder.optBalancedStart(balanced);
            if (truncate > 0) {
                builder.optStartRate(1.0);
            }
            FrequencyRegularization policy = builder.build();
            // Tells now, rather than after the dense network has been trained.
            Block block = policy.apply(task.network(), task.inputs(1));
            Limit limit = limit();
            if (limit != null) {
                try (NDManager manager = NDManager.newBaseManager()) {
                    block.initialize(manager, DataType.FLOAT32, task.inputs(1));
                    Quantization.fit(block, limit.bytes(), limit.names());
                }
            }
            return policy;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    /** The weights alone, as the paper compresses them: a budget would choose others too. */
    private static void chooseWeights(FrequencyRegularizationBuilder builder) {
        builder.optLayerTypes(
                        LayerType.CONVOLUTION, LayerType.TRANSPOSED_CONVOLUTION, LayerType.LINEAR)
                .optParameterTypes(Parameter.Type.WEIGHT);
    }

    /** Weights, biases, and the factors and shifts of normalisation. */
    static void chooseAllTrained(FrequencyRegularizationBuilder builder) {
        builder.optLayerTypes(LayerType.values())
                .optParameterTypes(
                        Parameter.Type.WEIGHT,
                        Parameter.Type.BIAS,
                        Parameter.Type.GAMMA,
                        Parameter.Type.BETA);
    }

    private static void keepBiases(
            FrequencyRegularizationBuilder builder, List<TensorChoice> tensors) {
        for (TensorChoice tensor : tensors) {
            if (isVector(tensor)) {
                long kept = (long) Math.ceil(Math.sqrt(tensor.shape().size()));
                builder.addOverrideKept(Axes.exactly(tensor), kept);
            }
        }
    }

    private static boolean isVector(TensorChoice tensor) {
        return tensor.regularized()
                && (tensor.name().endsWith("_bias")
                        || tensor.name().endsWith("_gamma")
                        || tensor.name().endsWith("_beta"));
    }

    private void check(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** Trains one network; with a file it is saved, loaded into a fresh network and measured. */
    private Result run(
            Task task, FrequencyRegularization policy, Device device, Path checkpoint, Path file)
            throws IOException, MalformedModelException {
        Training.seed(seed);
        Recipe recipe =
                new Recipe(
                        epochs,
                        settings(task, policy),
                        descent,
                        policy == null ? 0 : truncate,
                        policy == null ? null : limit(),
                        seed);
        PrintWriter output = spec.commandLine().getOut();
        List<Epoch> trained;
        CompressionReport report;
        try (Model model = Model.newInstance(name(), device)) {
            Block block = task.network();
            model.setBlock(policy == null ? block : policy.apply(block, task.inputs(1)));
            Training training = new Training(task, recipe, output);
            trained = training.run(model, device, checkpoint, describe(task, policy));
            if (file == null) {
                Score score = task.measure(model.getBlock(), model.getNDManager());
                long numbers = FrequencyFile.countNumbers(model.getBlock());
                drawSamples(task, model, "dense");
                return new Result(numbers, Float.BYTES * numbers, null, score, trained);
            }
            Quantization steps = training.getQuantization();
            FrqDocument document =
                    steps == null
                            ? FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT16)
                            : FrequencyFile.toDocument(model.getBlock(), steps);
            Limit limit = limit();
            boolean names = limit == null ? !noNames : limit.names();
            (names ? document : document.withoutNames()).write(file);
            report = CompressionReport.of(file, model.getBlock());
            if (execution) {
                output.println();
                output.print(ExecutionReport.of(model.getBlock()));
            }
        }
        try (Model model = Training.load(task, file, device)) {
            Score score = task.measure(model.getBlock(), model.getNDManager());
            drawSamples(task, model, kind(policy));
            return new Result(report.getKept(), report.getBytes(), report, score, trained);
        }
    }

    /** What the file may be, or null. */
    private Limit limit() {
        Limit its = amount.recipe == null ? null : amount.recipe.limit();
        if (budgetBytes == null) {
            return its;
        }
        double weight = rateWeight == 0 && its != null ? its.rateWeight() : rateWeight;
        return new Limit(budgetBytes, !noNames && (its == null || its.names()), weight);
    }

    private Settings settings(Task task, FrequencyRegularization policy) {
        Settings usual = task.settings(policy == null);
        if (amount.recipe != null) {
            Settings its = amount.recipe.settings();
            // The plain network takes the same steps, at a rate that suits it.
            float rate = policy == null ? usual.learningRate() : its.learningRate();
            usual = new Settings(its.batchSize(), rate, its.beta1());
        }
        float usualRate = descent == Descent.SGD ? SGD_RATE : usual.learningRate();
        return new Settings(
                batchSize == null ? usual.batchSize() : batchSize,
                learningRate == null ? usualRate : learningRate,
                usual.beta1());
    }

    private void drawSamples(Task task, Model model, String kind) throws IOException {
        if (plot != null) {
            BufferedImage sheet = task.samples(model.getBlock(), model.getNDManager());
            if (sheet != null) {
                PngFile.write(sheet, plot.resolve(kind + ".png"));
            }
        }
    }

    private void writeJson(Task task, Result result, Result baseline, Device device)
            throws IOException {
        Map<String, Object> values =
                ResultJson.of(
                        arguments.network(),
                        task.data(),
                        result.score(),
                        result.numbers(),
                        result.bytes());
        if (!resume) {
            values.put("seconds", result.seconds());
        }
        values.put("epochs", epochs);
        values.put("seed", seed);
        values.put("curve", result.epochs());
        if (baseline != null) {
            values.put("denseValue", baseline.score().value());
            values.put("denseNumbers", baseline.numbers());
            values.put("denseBytes", baseline.bytes());
            if (!resume) {
                values.put("denseSeconds", baseline.seconds());
            }
            values.put("denseCurve", baseline.epochs());
        }
        ResultJson.write(json, values, device);
    }
}
