package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Result;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.TrainingCheckpoint;
import io.github.freqreg.examples.tasks.TrainingDefaults;
import io.github.freqreg.examples.tasks.TrainingPlan;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Trains a network, saves it as a {@code .frq} file, loads the file and measures the loaded network
 * on the test set; for comparison, also its dense version. Both are trained on nine tenths of the
 * training set, and measured on the other tenth after each epoch.
 */
@Command(
        name = "train",
        description = "Trains a network and saves it as a .frq file.",
        sortOptions = false)
final class TrainCommand implements Callable<Integer> {

    /** The options of {@code --help}. */
    static final List<String> EVERYDAY =
            List.of(
                    "--data",
                    "--budget-bytes",
                    "--budget",
                    "--paper",
                    "--epochs",
                    "--seed",
                    "--baseline",
                    "--out",
                    "--resume",
                    "--plot",
                    "--json",
                    "--help");

    @Mixin(name = "Network and data")
    private NetworkArguments arguments;

    @ArgGroup private AmountOptions amount = new AmountOptions();

    @Mixin(name = "Size")
    private ByteOptions bytes;

    @Mixin(name = "Start")
    private StartOption start;

    @Mixin(name = "Training")
    private LearningOptions learning;

    @Option(
            names = "--baseline",
            description = "also train the dense network, first, for comparison")
    private boolean baseline;

    @Mixin(name = "Output")
    private SaveOptions save;

    @Option(
            names = "--resume",
            description =
                    "resume an interrupted training from its checkpoint beside --out. All other"
                            + " options must be the same, but --epochs may increase, and --device,"
                            + " --plot, --json and --execution may change")
    private boolean resume;

    @Mixin(name = "Charts")
    private PlotOption plot;

    @Mixin(name = "Figures")
    private JsonOption json;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        Network network = arguments.network();
        learning.check(network);
        bytes.check(amount);
        start.check(amount);
        Usage.require(
                spec,
                !amount.isDense() || !baseline && !save.isExecution(),
                "--baseline and --execution cannot be combined with --dense");
        save.check(network);
        json.check();
        plot.check();
        Device device = arguments.device();
        try (Task task = arguments.task(learning::vary)) {
            train(task, device);
        }
        return 0;
    }

    private void train(Task task, Device device) throws IOException, MalformedModelException {
        PrintWriter out = spec.commandLine().getOut();
        Path file = save.file(arguments.network());
        TrainRun dense = dense(task, file + ".dense.checkpoint");
        TrainRun run =
                amount.isDense()
                        ? dense(task, file + ".checkpoint")
                        : compressed(task, file + ".checkpoint");
        prepare(List.of(run.checkpoint(), dense.checkpoint()));
        out.println(task.title());

        Optional<Result> compared = Optional.empty();
        if (baseline) {
            out.println("dense network, for comparison:");
            compared = Optional.of(dense.measure(device, out));
        }
        out.println(amount.isDense() ? "dense network:" : "frequency-regularised network:");
        Result result = run.saveAndMeasure(file, save, device, out);
        TrainReport report = new TrainReport(run, result, compared);
        out.println();
        report.print(out);
        out.println("saved, loaded and measured again: " + file);
        out.flush();
        json.write(() -> report.values(arguments.network(), !resume), device);
        plot.drawCurves(task.title(), report.learning());
        if (bytes.truncate() > 0) {
            plot.drawTruncation(task.title(), report.learning());
        }
        run.checkpoint().delete();
        dense.checkpoint().delete();
    }

    private PolicyFactory.Fitted policy(Task task) {
        try {
            return new PolicyFactory(arguments.network(), amount, bytes, start).make(task);
        } catch (IllegalArgumentException e) {
            throw Usage.error(spec, e);
        }
    }

    private TrainRun compressed(Task task, String checkpoint) {
        PolicyFactory.Fitted fitted = policy(task);
        TrainingDefaults usual = task.defaults();
        TrainingPlan plan =
                new TrainingPlan(
                        learning.epochs(task, false),
                        learning.settings(usual.compressed(fitted.numbers())),
                        learning.descent(),
                        bytes.truncate(),
                        bytes.limit(arguments.network(), amount, usual.tuning(fitted.numbers())),
                        learning.seed());
        return run(task, Optional.of(fitted.policy()), plan, checkpoint);
    }

    private TrainRun dense(Task task, String checkpoint) {
        TrainingPlan plan =
                new TrainingPlan(
                        learning.epochs(task, true),
                        learning.settings(task.defaults().dense()),
                        learning.descent(),
                        0,
                        Optional.empty(),
                        learning.seed());
        return run(task, Optional.empty(), plan, checkpoint);
    }

    private TrainRun run(
            Task task,
            Optional<FrequencyRegularization> policy,
            TrainingPlan plan,
            String checkpoint) {
        TrainingCheckpoint saved =
                new TrainingCheckpoint(Path.of(checkpoint), describe(task, plan));
        return new TrainRun(task, policy, plan, saved, plot);
    }

    /** Returns all settings that affect the result of the training, by option. */
    private Map<String, String> describe(Task task, TrainingPlan plan) {
        Map<String, String> described = new LinkedHashMap<>();
        described.put("network", arguments.network().command());
        described.put("data", task.data().identity());
        described.put("inputs", Arrays.toString(task.inputs(plan.settings().batchSize())));
        described.putAll(arguments.shape().describe(arguments.network()));
        described.put("amount", amount.describe());
        described.put(TrainingCheckpoint.EPOCHS, String.valueOf(plan.epochs()));
        described.put("--batch-size", String.valueOf(plan.settings().batchSize()));
        described.put("--learning-rate", String.valueOf(plan.settings().learningRate()));
        described.put("--warm-up", String.valueOf(plan.settings().warmUp()));
        learning.describe(described, arguments.network());
        bytes.describe(described);
        start.describe(described, arguments.network(), amount);
        plan.limit()
                .ifPresent(
                        limit -> {
                            described.put("--budget-bytes", String.valueOf(limit.bytes()));
                            described.put("--rate-weight", String.valueOf(limit.rateWeight()));
                            described.put("--unrounded", String.valueOf(limit.unrounded()));
                            // Names count towards the bytes.
                            described.put("--names", String.valueOf(limit.names()));
                        });
        return described;
    }

    /** Checks the checkpoints to resume from; without {@code --resume}, deletes them. */
    private void prepare(List<TrainingCheckpoint> checkpoints)
            throws IOException, MalformedModelException {
        if (!resume) {
            for (TrainingCheckpoint checkpoint : checkpoints) {
                checkpoint.delete();
            }
            return;
        }
        if (checkpoints.stream().noneMatch(TrainingCheckpoint::exists)) {
            throw new DataException(
                    checkpoints.get(0).file()
                            + ": expected a checkpoint to resume from, but there is none");
        }
        for (TrainingCheckpoint checkpoint : checkpoints) {
            if (checkpoint.exists()) {
                Optional<String> refusal = checkpoint.refusal();
                Usage.require(spec, refusal.isEmpty(), refusal.orElse(""));
            }
        }
    }
}
