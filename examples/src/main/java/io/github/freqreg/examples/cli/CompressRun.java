package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.translate.TranslateException;
import io.github.freqreg.examples.tasks.EpochLog;
import io.github.freqreg.examples.tasks.Part;
import io.github.freqreg.examples.tasks.Score;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.TaskDataset;
import io.github.freqreg.examples.tasks.TrainingLog;
import io.github.freqreg.examples.tasks.ValidationMeasure;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.training.Compressed;
import io.github.freqreg.training.CompressorBuilder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A compression with training: measures the network before and after.
 *
 * @param task the network and its data
 * @param weights the file of the given network
 * @param out the file to write
 * @param output receives the progress and the figures
 */
record CompressRun(Task task, Path weights, Path out, PrintWriter output) {

    /** The figures of a network. */
    private record Figures(long bytes, Score validation, Score test) {}

    /**
     * Compresses a model, saves it, and measures what a fresh network loads from the file.
     *
     * @param model the given network; dense or with coefficients, which become dense first
     * @param compressor the goal and the other settings
     * @throws IllegalArgumentException if the bytes are too few for the network, or no file has the
     *     allowed loss
     */
    void run(Model model, CompressorBuilder compressor)
            throws IOException, MalformedModelException, TranslateException {
        Figures before = measure(model, weights);
        output.println(task.title());
        output.printf(
                Locale.ROOT,
                "before compression: %,d bytes, validation %s%n",
                before.bytes(),
                before.validation());
        output.flush();
        ValidationMeasure measure = new ValidationMeasure(task, before.validation());
        TaskDataset examples = new TaskDataset(task);
        Device device = model.getNDManager().getDevice();
        Compressed compressed =
                compressor
                        .optTrainingSet(examples)
                        .optLoss(task.loss())
                        .optMeasure(measure)
                        .optListeners(new EpochLog(TrainingLog.to(output), measure))
                        .build()
                        .compress(model, task.inputs(task.defaults().batchSize()));
        compressed.save(out);
        compressed.getLog().forEach(output::println);
        output.println();
        output.print(compressed.getReport());
        output.println();
        try (Model fresh = task.load(device, its -> FrequencyFile.load(its, out))) {
            print(before, measure(fresh, out));
        }
        output.println("saved, loaded and measured again: " + out);
        output.flush();
    }

    private Figures measure(Model model, Path file) throws IOException, MalformedModelException {
        return new Figures(
                ArrayFile.size(file),
                task.measure(Part.VALIDATION, model.getBlock(), model.getNDManager()),
                task.measure(Part.TEST, model.getBlock(), model.getNDManager()));
    }

    private void print(Figures before, Figures after) {
        int width =
                Math.max(
                        before.validation().toString().length(),
                        after.validation().toString().length());
        String line = "%-6s %,14d  %-" + width + "s  %s%n";
        output.printf(
                Locale.ROOT,
                "%-6s %14s  %-" + width + "s  %s%n",
                "",
                "bytes",
                "on the validation set",
                "on the test set");
        output.printf(
                Locale.ROOT, line, "before", before.bytes(), before.validation(), before.test());
        output.printf(Locale.ROOT, line, "after", after.bytes(), after.validation(), after.test());
    }
}
