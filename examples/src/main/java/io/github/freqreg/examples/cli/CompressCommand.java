package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.tasks.ByteLimit;
import io.github.freqreg.examples.tasks.ByteProjection;
import io.github.freqreg.examples.tasks.FineTuning;
import io.github.freqreg.examples.tasks.Part;
import io.github.freqreg.examples.tasks.Score;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.TrainingLog;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compresses a trained network in stages of decreasing size. Each stage projects the network to the
 * coefficients that fit into its bytes and fine-tunes them with quantisation-aware training. The
 * last stage has the byte budget; an earlier one is the last if the next loses too much quality.
 */
@Command(
        name = "compress",
        description = "Compresses a trained network to a given file size.",
        sortOptions = false)
final class CompressCommand implements Callable<Integer> {

    /** The options of {@code --help}. */
    static final List<String> EVERYDAY =
            List.of(
                    "--weights",
                    "--budget-bytes",
                    "--out",
                    "--data",
                    "--max-loss",
                    "--epochs",
                    "--seed",
                    "--help");

    @Mixin(name = "Network and data")
    private NetworkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the trained network: " + WeightFile.KINDS)
    private Path weights;

    @Option(
            names = "--budget-bytes",
            required = true,
            paramLabel = "N",
            description = "the most bytes of the written file")
    private long bytes;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "F.frq",
            description = "the file to write")
    private Path out;

    @Option(
            names = "--stages",
            paramLabel = "N",
            defaultValue = "6",
            description =
                    "number of stages; each has half the bytes of the one before, and the last has"
                            + " --budget-bytes (default: ${DEFAULT-VALUE})")
    private int stages;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "2",
            description =
                    "training epochs in each stage; 0 projects and quantises once, without training"
                            + " and without data (default: ${DEFAULT-VALUE})")
    private int epochs;

    @Option(
            names = "--max-loss",
            paramLabel = "X",
            description =
                    "stop at the first stage whose validation score is more than X worse than that of the"
                            + " given network, and keep the stage before")
    private Optional<Double> maxLoss = Optional.empty();

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description =
                    "initial learning rate of each stage (default: interpolated between the"
                            + " defaults"
                            + " of train for dense and compressed networks, by the fraction kept)")
    private Optional<Float> learningRate = Optional.empty();

    @Mixin(name = "File")
    private NamesOption names;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "random seed of the order of training examples (default: ${DEFAULT-VALUE})")
    private int seed;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        check(
                bytes >= 1 && bytes <= FrqDocument.MAX_BYTES,
                "--budget-bytes must be 1 to " + FrqDocument.MAX_BYTES + " but is " + bytes);
        check(stages >= 1 && stages <= 30, "--stages must be 1 to 30 but is " + stages);
        check(epochs >= 0, "--epochs must be 0 or more but is " + epochs);
        check(
                maxLoss.orElse(0.0) >= 0,
                "--max-loss must be 0 or more but is " + maxLoss.orElse(0.0));
        Usage.requireRate(spec, learningRate);
        check(epochs > 0 || maxLoss.isEmpty(), "--max-loss cannot be combined with --epochs 0");
        WholeFile.checkWritable(out);
        Device device = arguments.device();
        if (epochs == 0) {
            quantise(device);
            return 0;
        }
        try (Task task = arguments.task();
                Model model = arguments.load(task, weights)) {
            compress(task, model, device);
        } catch (IllegalArgumentException e) {
            // For example, a byte budget that is too small for the network.
            throw Usage.error(spec, e);
        }
        return 0;
    }

    private void check(boolean holds, String message) {
        Usage.require(spec, holds, message);
    }

    private void compress(Task task, Model model, Device device)
            throws IOException, MalformedModelException {
        PrintWriter output = spec.commandLine().getOut();
        Score first = task.measure(Part.VALIDATION, model.getBlock(), model.getNDManager());
        // Printed at the end, together with that of the compressed network.
        Score before = task.measure(Part.TEST, model.getBlock(), model.getNDManager());
        output.println(task.title());
        output.printf(
                Locale.ROOT,
                "before compression: %,d bytes, validation %s%n",
                Files.size(weights),
                first);
        FineTuning tuning = new FineTuning(task, projection(), epochs, learningRate, seed);
        TrainingLog log = TrainingLog.to(output);
        Optional<FrqDocument> best = Optional.empty();
        for (int stage = 1; stage <= stages; stage++) {
            // Each stage has twice the bytes of the next one.
            long budget = Math.min(FrqDocument.MAX_BYTES, bytes << (stages - stage));
            ByteLimit limit = new ByteLimit(budget, names.names(), 0);
            FrqDocument document = names.apply(tuning.run(model, device, limit, log));
            byte[] file = document.encode();
            FrqDocument decoded = FrqDocument.decode(file);
            Score score = measure(Part.VALIDATION, task, decoded, device);
            double loss = first.above(score);
            output.printf(
                    Locale.ROOT,
                    "stage %d of %d: %,d bytes, %,d numbers, validation %s%n",
                    stage,
                    stages,
                    file.length,
                    document.numbers(),
                    score);
            output.flush();
            if (maxLoss.isPresent() && loss > maxLoss.get()) {
                printStop(output, loss, best.isPresent());
                break;
            }
            WholeFile.write(out, file);
            best = Optional.of(decoded);
        }
        output.printf("on the test set, before: %s%n", before);
        output.printf(
                "on the test set, after:  %s%n",
                measure(Part.TEST, task, best.orElseThrow(), device));
        output.println("saved, loaded and measured again: " + out);
        output.flush();
    }

    private ByteProjection projection() {
        return new ByteProjection(arguments.network());
    }

    /** Loads a decoded file into a new model and measures it. */
    private static Score measure(Part part, Task task, FrqDocument document, Device device)
            throws IOException, MalformedModelException {
        try (Model model = task.load(device, fresh -> FrequencyFile.load(fresh, document))) {
            return task.measure(part, model.getBlock(), model.getNDManager());
        }
    }

    private void printStop(PrintWriter output, double loss, boolean any) {
        String message =
                String.format(
                        Locale.ROOT,
                        "the loss of %.4f is above --max-loss %.4f",
                        loss,
                        maxLoss.orElseThrow());
        if (!any) {
            throw new DataException(message + " at the first stage: no file was written");
        }
        output.println(message + ": stopped; the stage before is in " + out);
        output.flush();
    }

    /** Projects the network, if it is dense, and quantises it, without training. */
    private void quantise(Device device) throws IOException, MalformedModelException {
        PrintWriter output = spec.commandLine().getOut();
        try (Model model = Model.newInstance("file", device)) {
            arguments.shape().load(arguments.network(), model, weights);
            Block block = model.getBlock();
            FrqDocument document;
            try {
                if (!FrequencyBlocks.isWrapped(block)) {
                    block = projection().apply(block, bytes);
                    model.setBlock(block);
                }
                Quantization steps = Quantization.fit(block, bytes, names.names());
                document = FrequencyFile.toDocument(block, steps);
            } catch (IllegalArgumentException e) {
                throw Usage.error(spec, e);
            }
            names.apply(document).write(out);
            output.print(CompressionReport.of(SizedDocument.read(out), block));
        }
        output.flush();
    }
}
