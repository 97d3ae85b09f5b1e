package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.LabelledArrays;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Compresses a trained network with the library's {@link Compressor}: to a number of bytes, or as
 * far as the allowed loss permits.
 */
@Command(
        name = "compress",
        description = {
            "Compresses a trained network to a file size or to an allowed loss.",
            "NETWORK can also be the path of a TorchScript archive NET.pt of your own. It needs"
                    + " --budget-bytes and no data, and --out becomes a folder that DJL's Criteria"
                    + " loads: the network's code, and its compressed numbers.",
            ""
        },
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
                    "--inputs",
                    "--epochs",
                    "--resume",
                    "--help");

    /** The options that a TorchScript archive can be combined with. */
    private static final Set<String> FOR_ARCHIVES =
            Set.of(
                    "--budget-bytes",
                    "--out",
                    "--inputs",
                    "--epochs",
                    "--seed",
                    "--names",
                    "--device");

    @Mixin(name = "Network and data")
    private NetworkArguments arguments;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description =
                    "the trained network: "
                            + WeightFile.KINDS
                            + "; NET.pt contains its weights and takes no other")
    private Optional<Path> weightFile = Optional.empty();

    @Option(
            names = "--inputs",
            paramLabel = "F.npz",
            description =
                    "NET.pt: its inputs, one array for each, with one example in each row. They"
                            + " show how much each tensor matters, and how far the answers move."
                            + " With an array \"labels\" of classes from 0, the network is also"
                            + " trained, as a classifier. Arrays whose names begin with test_ are"
                            + " examples for the test")
    private Optional<Path> inputs = Optional.empty();

    @Mixin(name = "Weights")
    private WeightOptions weightOptions;

    @ArgGroup(multiplicity = "1")
    private GoalOptions goal;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "F.frq",
            description = "the file to write; NET.pt: the folder")
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
        if (arguments.archive().isPresent()) {
            compress(arguments.archive().get());
            return 0;
        }
        check(inputs.isEmpty(), "--inputs is for a TorchScript archive only");
        Path weights =
                weightFile.orElseThrow(
                        () ->
                                new ParameterException(
                                        spec.commandLine(),
                                        "Missing required option: '--weights=FILE'"));
        WholeFile.checkWritable(out);
        if (epochs == 0) {
            round(weights, arguments.device());
        } else {
            train(weights);
        }
        return 0;
    }

    /** Compresses a TorchScript network. */
    private void compress(Path archive)
            throws IOException, MalformedModelException, TranslateException {
        for (OptionSpec each : spec.commandLine().getParseResult().matchedOptions()) {
            String option = each.longestName();
            check(
                    FOR_ARCHIVES.contains(option),
                    option + " cannot be combined with a TorchScript archive");
        }
        check(
                !Files.exists(out) || Files.isDirectory(out),
                "--out must be a folder for a TorchScript archive but is the file " + out);
        try (Opened examples = open(inputs)) {
            new CompressArchive(
                            archive,
                            goal.bytes(),
                            examples.arrays(),
                            epochs,
                            seed,
                            names.names(),
                            arguments.device(),
                            spec.commandLine().getOut())
                    .run(out);
        } catch (EngineException e) {
            throw new DataException(
                    archive
                            + ": the network does not take such inputs: "
                            + reason(e)
                            + " (classes are expected in an array named labels)",
                    e);
        } catch (IllegalArgumentException e) {
            throw failure(e);
        }
    }

    /** Returns the last line of a message; the lines before it trace calls in the archive. */
    private static String reason(EngineException e) {
        String[] lines = String.valueOf(e.getMessage()).strip().split("\\R", -1);
        return lines[lines.length - 1].replaceFirst("^RuntimeError: ", "");
    }

    private Opened open(Optional<Path> file) throws IOException, MalformedModelException {
        return new Opened(
                file.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                LabelledArrays.read(
                                        NDManager.newBaseManager(arguments.device()), file.get())));
    }

    /** Examples that are freed after use, if there are any. */
    private record Opened(Optional<LabelledArrays> arrays) implements AutoCloseable {

        /** {@inheritDoc} */
        @Override
        public void close() {
            arrays.ifPresent(LabelledArrays::close);
        }
    }

    private Model load(Task task, Path weights) throws IOException, MalformedModelException {
        try (WeightFile file = weightOptions.open(weights)) {
            return arguments.load(task, file);
        }
    }

    private void check(boolean holds, String message) {
        Usage.require(spec, holds, message);
    }

    private void train(Path weights)
            throws IOException, MalformedModelException, TranslateException {
        CompressorFiles checkpoint = new CompressorFiles(Path.of(out + ".checkpoint"));
        if (!resume) {
            checkpoint.delete();
        } else if (!checkpoint.exist()) {
            throw new DataException(
                    checkpoint.checkpoint()
                            + ": expected a checkpoint to resume from, but there is none");
        }
        try (Task task = arguments.task();
                Model model = load(task, weights)) {
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
    private void round(Path weights, Device device)
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
