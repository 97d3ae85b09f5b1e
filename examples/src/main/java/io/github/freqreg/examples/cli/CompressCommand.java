package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.tasks.Heads;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.file.Allocation;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.TensorChoice;
import io.github.freqreg.training.Compressed;
import io.github.freqreg.training.Compressor;
import io.github.freqreg.training.CompressorBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compresses a trained network with the library's {@link Compressor}: to a number of bytes, or as
 * far as the allowed loss permits.
 */
@Command(
        name = "compress",
        description = "Compresses a trained network to a file size or to an allowed loss.",
        sortOptions = false)
final class CompressCommand implements Callable<Integer> {

    /** The options of {@code --help}. */
    static final List<String> EVERYDAY =
            List.of(
                    "--weights",
                    "--budget-bytes",
                    "--max-loss",
                    "--out",
                    "--data",
                    "--epochs",
                    "--seed",
                    "--resume",
                    "--help");

    @Mixin(name = "Network and data")
    private NetworkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the trained network: " + WeightFile.KINDS)
    private Path weights;

    @Mixin(name = "Weights")
    private WeightOptions weightOptions;

    @ArgGroup(multiplicity = "1")
    private GoalOptions goal;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "F.frq",
            description = "the file to write")
    private Path out;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "12",
            description =
                    "the most epochs of each training, 2 or more; 0 rounds and truncates the"
                            + " network, without training and without data (default:"
                            + " ${DEFAULT-VALUE})")
    private int epochs;

    @Mixin(name = "File")
    private NamesOption names;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "random seed of the training (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(
            names = "--resume",
            description =
                    "resume an interrupted compression from its checkpoint beside --out; all other"
                            + " options must be the same")
    private boolean resume;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException, TranslateException {
        goal.check(spec);
        check(epochs == 0 || epochs >= 2, "--epochs must be 0, or 2 or more, but is " + epochs);
        check(epochs > 0 || !goal.isLoss(), "--max-loss cannot be combined with --epochs 0");
        check(epochs > 0 || !resume, "--resume cannot be combined with --epochs 0");
        WholeFile.checkWritable(out);
        if (epochs == 0) {
            round(arguments.device());
        } else {
            train();
        }
        return 0;
    }

    private Model load(Task task) throws IOException, MalformedModelException {
        try (WeightFile file = weightOptions.open(weights)) {
            return arguments.load(task, file);
        }
    }

    private void check(boolean holds, String message) {
        Usage.require(spec, holds, message);
    }

    private void train() throws IOException, MalformedModelException, TranslateException {
        CompressorFiles checkpoint = new CompressorFiles(Path.of(out + ".checkpoint"));
        if (!resume) {
            checkpoint.delete();
        } else if (!checkpoint.exist()) {
            throw new DataException(
                    checkpoint.checkpoint()
                            + ": expected a checkpoint to resume from, but there is none");
        }
        try (Task task = arguments.task();
                Model model = load(task)) {
            if (FrequencyBlocks.isWrapped(model.getBlock())) {
                FrequencyBlocks.toDense(model);
            }
            CompressorBuilder compressor =
                    compressor(model.getBlock())
                            .optEpochs(epochs)
                            .optSeed(seed)
                            .optCheckpoint(checkpoint.checkpoint());
            new CompressRun(task, weights, out, spec.commandLine().getOut()).run(model, compressor);
        } catch (IllegalArgumentException e) {
            checkpoint.delete();
            throw failure(e);
        }
    }

    /** Returns the exception for a number of bytes or an allowed loss that cannot be reached. */
    private RuntimeException failure(IllegalArgumentException e) {
        return goal.isLoss()
                ? new DataException(String.valueOf(e.getMessage()), e)
                : Usage.error(spec, e);
    }

    private CompressorBuilder compressor(Block dense) {
        List<TensorChoice> tensors = FrequencyRegularization.builder().build().plan(dense);
        CompressorBuilder compressor =
                Compressor.builder()
                        .optNames(names.names())
                        .optPolicy(
                                policy -> {
                                    Heads.split(policy, arguments.network(), tensors);
                                    return policy;
                                });
        goal.applyTo(compressor);
        return compressor;
    }

    /** Rounds and truncates the network, without training. */
    private void round(Device device)
            throws IOException, MalformedModelException, TranslateException {
        PrintWriter output = spec.commandLine().getOut();
        try (Model model = Model.newInstance("file", device)) {
            try (WeightFile file = weightOptions.open(weights)) {
                arguments.shape().load(arguments.network(), model, file);
            }
            output.print(round(model));
        } catch (IllegalArgumentException e) {
            throw failure(e);
        }
        output.flush();
    }

    private CompressionReport round(Model model)
            throws IOException, MalformedModelException, TranslateException {
        Block block = model.getBlock();
        if (!FrequencyBlocks.isWrapped(block)) {
            Compressed compressed = compressor(block).build().compress(model);
            compressed.save(out);
            return compressed.getReport();
        }
        // Such a network keeps its axes, and no more than the coefficients of its file.
        Allocation.fit(block, goal.bytes(), names.names(), Map.of()).roundIn(block);
        names.apply(FrequencyFile.toDocument(block)).write(out);
        return CompressionReport.of(SizedDocument.read(out), block);
    }
}
