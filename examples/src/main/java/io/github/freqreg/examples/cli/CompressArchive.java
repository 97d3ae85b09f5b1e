package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.translate.TranslateException;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.LabelledArrays;
import io.github.freqreg.examples.tasks.ArchiveAnswers;
import io.github.freqreg.examples.tasks.ArchivePair;
import io.github.freqreg.examples.tasks.EpochLog;
import io.github.freqreg.examples.tasks.TrainingLog;
import io.github.freqreg.interop.torch.TorchScript;
import io.github.freqreg.interop.torch.TorchScriptArchive;
import io.github.freqreg.training.Compressed;
import io.github.freqreg.training.Compressor;
import io.github.freqreg.training.CompressorBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Compresses a TorchScript network of the user's own, and writes it as a folder that DJL loads.
 *
 * <p>Without examples, its numbers are rounded and truncated. Unlabelled examples tell how much
 * each tensor matters to the answers, and how far the answers move. With labels, the network is
 * trained within the bytes afterwards.
 *
 * @param archive the path of the TorchScript archive
 * @param bytes the most bytes of the {@code .frq} file
 * @param examples inputs, perhaps with labels
 * @param epochs the most epochs of the training, 0 for none
 * @param seed of the training
 * @param names whether the {@code .frq} file has names and shapes
 * @param device that computes
 * @param output receives the figures
 */
record CompressArchive(
        Path archive,
        long bytes,
        Optional<LabelledArrays> examples,
        int epochs,
        int seed,
        boolean names,
        Device device,
        PrintWriter output) {

    private static final int BATCH = 64;

    /** Compresses the network into a folder. */
    void run(Path folder) throws IOException, MalformedModelException, TranslateException {
        checkArchive(folder);
        ArchivePair pair = new ArchivePair(folder, archive);
        Optional<ArchiveAnswers> before = Optional.empty();
        try (Model model = load()) {
            if (examples.isPresent()) {
                before = Optional.of(ArchiveAnswers.of(model, examples.get().measured()));
                examples.get().checkClasses(before.get().width());
            }
            CompressorBuilder rounding = Compressor.builder().setBytes(bytes).optNames(names);
            examples.ifPresent(each -> rounding.optInputs(each.someInputs()));
            Compressed rounded = rounding.build().compress(model);
            pair.write(rounded.getDocument());
            printArchive(before);
            print("compressed", pair, before);
            if (!isTrained()) {
                output.println();
                output.print(rounded.getReport());
            }
        }
        if (isTrained()) {
            try (Model model = load()) {
                Compressed trained = train(model, examples.orElseThrow());
                pair.write(trained.getDocument());
                print("trained", pair, before);
                trained.getLog().forEach(output::println);
                output.println();
                output.print(trained.getReport());
            }
        }
        if (examples.isEmpty()) {
            output.println("The loss was not measured: give examples by --inputs.");
        }
        output.println();
        output.printf(
                Locale.ROOT,
                "%s: %,d bytes, %.2f%% of the archive (%s)%n",
                folder,
                pair.bytes(),
                100.0 * pair.bytes() / Files.size(archive),
                pair.describe());
        output.flush();
    }

    private void checkArchive(Path folder) throws IOException, MalformedModelException {
        if (TorchScriptArchive.read(archive).isSkeleton()) {
            throw new DataException(
                    archive
                            + ": expected an archive with weights, but it is a skeleton, whose"
                            + " weights are in a .frq file");
        }
        Path parent = archive.toAbsolutePath().getParent();
        if (Files.exists(folder) && Files.isSameFile(folder, parent)) {
            throw new DataException(
                    folder
                            + ": expected a folder of its own for --out, but it is that of "
                            + archive
                            + ", which would be replaced");
        }
    }

    private Model load() throws IOException, MalformedModelException {
        Model model = Model.newInstance("archive", device);
        try {
            model.setBlock(TorchScript.load(model.getNDManager(), archive));
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
        return model;
    }

    private boolean isTrained() {
        return epochs > 0 && examples.map(LabelledArrays::isLabelled).orElse(false);
    }

    private Compressed train(Model model, LabelledArrays labelled)
            throws IOException, MalformedModelException, TranslateException {
        Engine.getInstance().setRandomSeed(seed);
        return Compressor.builder()
                .setBytes(bytes)
                .optNames(names)
                .optTrainingSet(labelled.training(BATCH))
                .optValidationSet(labelled.validation(BATCH))
                .optLoss(new SoftmaxCrossEntropyLoss())
                .optEvaluator(new Accuracy())
                .optListeners(new EpochLog(TrainingLog.to(output)))
                .optEpochs(epochs)
                .optSeed(seed)
                .build()
                .compress(model, labelled.shapes(BATCH));
    }

    private void printArchive(Optional<ArchiveAnswers> before) throws IOException {
        String head = before.isPresent() ? "  " + ArchiveAnswers.HEAD : "";
        output.printf(Locale.ROOT, "%-10s %14s%s%n", "", "bytes", head);
        print("archive", Files.size(archive), before.map(ArchiveAnswers::describe).orElse(""));
    }

    /** Loads the pair as a user would, and prints its size and how far its answers moved. */
    private void print(String name, ArchivePair pair, Optional<ArchiveAnswers> before)
            throws IOException, MalformedModelException, TranslateException {
        String figures = "";
        if (before.isPresent()) {
            try (Model loaded = pair.load(device)) {
                figures =
                        ArchiveAnswers.of(loaded, examples.orElseThrow().measured())
                                .describe(before.get());
            }
        }
        print(name, pair.bytes(), figures);
    }

    private void print(String name, long size, String figures) {
        String line = String.format(Locale.ROOT, "%-10s %,14d  %s", name, size, figures);
        output.println(line.stripTrailing());
        output.flush();
    }
}
