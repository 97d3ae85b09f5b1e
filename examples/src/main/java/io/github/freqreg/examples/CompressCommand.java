package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.Task.Score;
import io.github.freqreg.examples.Task.Settings;
import io.github.freqreg.examples.Training.Descent;
import io.github.freqreg.examples.Training.Limit;
import io.github.freqreg.examples.Training.Recipe;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Compresses a network that is trained already: projects it to fewer coefficients, fine-tunes them
 * rounded, and goes on from there with fewer bytes, until the budget or a loss of quality is
 * reached.
 */
@Command(
        name = "compress",
        description = "Compresses a trained network to a number of bytes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CompressCommand implements Callable<Integer> {

    @Mixin private NetworkArguments arguments;

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
            description = "bytes of the file in the end")
    private long bytes;

    @Option(names = "--out", required = true, paramLabel = "F.frq", description = "what to write")
    private Path out;

    @Option(
            names = "--stages",
            defaultValue = "6",
            description =
                    "how often bytes are cut, each time to a half, the last time to the budget"
                            + " (default: ${DEFAULT-VALUE})")
    private int stages;

    @Option(
            names = "--epochs",
            defaultValue = "2",
            description =
                    "times over the training set at each stage; 0 to project and round alone, once and"
                            + " without data"
                            + " (default: ${DEFAULT-VALUE})")
    private int epochs;

    @Option(
            names = "--max-loss",
            paramLabel = "X",
            description =
                    "stop, and keep the stage before, where the figure on the test set is more than"
                            + " X below that of the network given")
    private Double maxLoss;

    @Option(
            names = "--learning-rate",
            description =
                    "the first of each stage (default: between train's for plain and for compressed"
                            + " networks, by how much is kept)")
    private Float learningRate;

    @Option(names = "--split", description = "as with train")
    private boolean split;

    @Option(names = "--weighted", description = "as with train")
    private boolean weighted;

    @Option(names = "--no-names", description = "leave names and shapes out of the file")
    private boolean noNames;

    @Option(
            names = "--seed",
            defaultValue = "1",
            description = "of the order of images (default: ${DEFAULT-VALUE})")
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
        check(maxLoss == null || maxLoss >= 0, "--max-loss must be 0 or more but is " + maxLoss);
        check(
                learningRate == null || learningRate > 0 && Float.isFinite(learningRate),
                "--learning-rate must be above 0 and finite but is " + learningRate);
        check(epochs > 0 || maxLoss == null, "--max-loss has no meaning with --epochs 0");
        WholeFile.checkWritable(out);
        Device device = arguments.device();
        if (epochs == 0) {
            round(device);
            return 0;
        }
        try (Task task = arguments.task(null, 0);
                Model model = arguments.load(task, weights)) {
            compress(task, model, device);
        } catch (IllegalArgumentException e) {
            // Such as a budget that is too small for the network.
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return 0;
    }

    private void check(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private void compress(Task task, Model model, Device device)
            throws IOException, MalformedModelException {
        PrintWriter output = spec.commandLine().getOut();
        Score first = task.measure(model.getBlock(), model.getNDManager());
        output.println(task.title());
        output.printf(Locale.ROOT, "as given: %,d bytes, %s%n", Files.size(weights), first);
        boolean any = false;
        for (int stage = 1; stage <= stages; stage++) {
            // Twice as many bytes as at the next stage.
            long budget = Math.min(FrqDocument.MAX_BYTES, bytes << (stages - stage));
            FrqDocument document = stage(task, model, device, budget);
            byte[] file = document.encode();
            Score score = measure(task, FrqDocument.decode(file), device);
            double loss = first.above(score);
            output.printf(
                    Locale.ROOT,
                    "stage %d of %d: %,d bytes, %,d numbers, %s%n",
                    stage,
                    stages,
                    file.length,
                    document.numbers(),
                    score);
            output.flush();
            if (maxLoss != null && loss > maxLoss) {
                tellStop(output, loss, any);
                return;
            }
            document.write(out);
            any = true;
        }
        output.println("saved, loaded and measured again: " + out);
        output.flush();
    }

    /** Measures what a file holds, in a fresh network. */
    private static Score measure(Task task, FrqDocument document, Device device)
            throws MalformedModelException {
        try (Model model = Model.newInstance("fresh", device)) {
            model.setBlock(task.network());
            FrequencyFile.load(model, document);
            return task.measure(model.getBlock(), model.getNDManager());
        }
    }

    private void tellStop(PrintWriter output, double loss, boolean any) {
        String message =
                String.format(
                        Locale.ROOT, "a loss of %.4f is above --max-loss %.4f", loss, maxLoss);
        if (!any) {
            throw new DataException(message + " at the first stage already: nothing is written");
        }
        output.println(message + ": stopped, and kept the stage before in " + out);
        output.flush();
    }

    /** Projects to what the bytes can hold, and fine-tunes. */
    private FrqDocument stage(Task task, Model model, Device device, long budget)
            throws IOException, MalformedModelException {
        Block block = model.getBlock();
        if (FrequencyBlocks.isWrapped(block)) {
            block = FrequencyBlocks.toDense(block);
        }
        model.setBlock(project(block, budget));
        Settings usual = task.settings(false);
        Settings settings =
                new Settings(usual.batchSize(), rate(task, model.getBlock()), usual.beta1());
        Recipe recipe =
                new Recipe(epochs, settings, Descent.ADAM, 0, new Limit(budget, !noNames, 0), seed);
        Training training = new Training(task, recipe, spec.commandLine().getOut());
        training.run(model, device, null);
        FrqDocument document =
                FrequencyFile.toDocument(model.getBlock(), training.getQuantization());
        return noNames ? document.withoutNames() : document;
    }

    /** Keeps of a plain network as many coefficients as the bytes can hold. */
    private Block project(Block block, long budget) {
        FrequencyRegularizationBuilder policy =
                FrequencyRegularization.builder().optBudgetBytes(budget);
        TrainCommand.chooseAllTrained(policy);
        Axes.add(policy, arguments.network(), policy.build().plan(block), split, weighted);
        return policy.build().apply(block);
    }

    /** From that of a plain network, where all is kept, to that of one with a single number. */
    private float rate(Task task, Block block) {
        if (learningRate != null) {
            return learningRate;
        }
        double kept = FrequencyFile.countNumbers(block);
        double all = CompressionReport.of(block).getOriginal();
        double share = Math.log(kept) / Math.log(all);
        double plain = task.settings(true).learningRate();
        double compressed = task.settings(false).learningRate();
        return (float) (Math.pow(plain, share) * Math.pow(compressed, 1 - share));
    }

    /** Projects a plain network, and rounds the numbers of any to fewer bytes. */
    private void round(Device device) throws IOException, MalformedModelException {
        PrintWriter output = spec.commandLine().getOut();
        try (Model model = Model.newInstance("file", device)) {
            arguments.shape().load(arguments.network(), model, weights);
            Block block = model.getBlock();
            FrqDocument document;
            try {
                if (FrequencyBlocks.isWrapped(block)) {
                    check(
                            !split && !weighted,
                            "--split and --weighted have no meaning with --epochs 0 and the"
                                    + " coefficients of "
                                    + weights);
                } else {
                    block = project(block, bytes);
                    model.setBlock(block);
                }
                Quantization steps = Quantization.fit(block, bytes, !noNames);
                document = FrequencyFile.toDocument(block, steps);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), e.getMessage(), e);
            }
            (noNames ? document.withoutNames() : document).write(out);
            output.print(CompressionReport.of(out, block));
        }
        output.flush();
    }
}
