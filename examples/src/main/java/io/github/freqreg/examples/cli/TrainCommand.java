package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.tasks.ByteLimit;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Result;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.TrainingCheckpoint;
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
 * Trains a network and, for comparison, its dense version; saves it as a {@code .frq} file, loads
 * the file and measures the loaded network.
 */
@Command(
        name = "train",
        description = "Trains a network and saves it as a .frq file.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class TrainCommand implements Callable<Integer> {

    @Mixin private NetworkArguments arguments;

    @ArgGroup private AmountOptions amount = new AmountOptions();

    @Mixin private LearningOptions learning;

    @Mixin private CompressionOptions compression;

    @Option(
            names = "--no-baseline",
            description = "skip the training of the dense network for comparison")
    private boolean noBaseline;

    @Mixin private SaveOptions save;

    @Option(
            names = "--resume",
            description =
                    "resume an interrupted training from its checkpoint beside --out. All other"
                            + " options must be the same, but --epochs may increase, and --device,"
                            + " --plot, --json and --execution may change")
    private boolean resume;

    @Mixin private PlotOption plot;

    @Mixin private JsonOption json;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        Network network = arguments.network();
        learning.check(network);
        compression.check();
        checkTogether(network);
        save.check(network);
        json.check();
        plot.check();
        Device device = arguments.device();
        try (Task task = arguments.task(learning::vary)) {
            train(task, device);
        }
        return 0;
    }

    private void checkTogether(Network network) {
        Usage.require(
                spec,
                amount.recipe().isEmpty() || network == Network.LENET,
                amount.describe() + " is a recipe for lenet only");
        Usage.require(
                spec,
                !compression.biases() || amount.recipe().isEmpty(),
                "--biases cannot be combined with --recipe, which already compresses biases");
        Usage.require(
                spec,
                !amount.isDense() || compression.isUnset() && !noBaseline,
                "--truncate, --split, --weighted, --balanced, --biases, --budget-bytes and"
                        + " --no-baseline cannot be combined with --dense");
        Usage.require(
                spec,
                !amount.isDense() || !save.isExecution(),
                "--execution cannot be combined with --dense");
    }

    private void train(Task task, Device device) throws IOException, MalformedModelException {
        PrintWriter out = spec.commandLine().getOut();
        Path file = save.file(arguments.network());
        TrainRun dense = run(task, Optional.empty(), file + ".dense.checkpoint");
        TrainRun run =
                amount.isDense()
                        ? run(task, Optional.empty(), file + ".checkpoint")
                        : run(task, Optional.of(policy(task)), file + ".checkpoint");
        prepare(List.of(run.checkpoint(), dense.checkpoint()));
        out.println(task.title());

        Optional<Result> baseline = Optional.empty();
        if (!amount.isDense() && !noBaseline) {
            out.println("dense network, for comparison:");
            baseline = Optional.of(dense.measure(device, out));
        }
        out.println(amount.isDense() ? "dense network:" : "frequency-regularised network:");
        Result result = run.saveAndMeasure(file, save, device, out);
        TrainReport report = new TrainReport(run, result, baseline);
        out.println();
        report.print(out);
        out.println("saved, loaded and measured again: " + file);
        out.flush();
        json.write(() -> report.values(arguments.network(), !resume), device);
        plot.drawCurves(task.title(), report.learning());
        if (compression.truncate() > 0) {
            plot.drawTruncation(task.title(), report.learning());
        }
        run.checkpoint().delete();
        dense.checkpoint().delete();
    }

    private FrequencyRegularization policy(Task task) {
        try {
            return new PolicyFactory(arguments.network(), amount, compression, limit()).make(task);
        } catch (IllegalArgumentException e) {
            throw Usage.error(spec, e);
        }
    }

    private Optional<ByteLimit> limit() {
        return compression.limit(amount.recipe(), save.names().names());
    }

    private TrainRun run(Task task, Optional<FrequencyRegularization> policy, String checkpoint) {
        boolean compressed = policy.isPresent();
        Task.Settings settings = learning.settings(task, amount.recipe(), !compressed);
        TrainingPlan plan =
                new TrainingPlan(
                        learning.epochs(amount.recipe()),
                        settings,
                        learning.descent(),
                        compressed ? compression.truncate() : 0,
                        compressed ? limit() : Optional.empty(),
                        learning.seed());
        Map<String, String> described = describe(task, settings);
        return new TrainRun(
                task, policy, plan, new TrainingCheckpoint(Path.of(checkpoint), described), plot);
    }

    /** Returns all settings that affect the result of the training, by option. */
    private Map<String, String> describe(Task task, Task.Settings settings) {
        Map<String, String> described = new LinkedHashMap<>();
        described.put("network", arguments.network().command());
        described.put("data", task.data().identity());
        described.put("inputs", Arrays.toString(task.inputs(settings.batchSize())));
        described.putAll(arguments.shape().describe(arguments.network()));
        described.put("amount", amount.describe());
        described.put("--batch-size", String.valueOf(settings.batchSize()));
        described.put("--learning-rate", String.valueOf(settings.learningRate()));
        learning.describe(described, arguments.network(), amount.recipe());
        compression.describe(described);
        limit().ifPresent(
                        limit -> {
                            described.put("--budget-bytes", String.valueOf(limit.bytes()));
                            described.put("--rate-weight", String.valueOf(limit.rateWeight()));
                            // Names count towards the byte budget.
                            described.put("--no-names", String.valueOf(!limit.names()));
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
