package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Part;
import io.github.freqreg.examples.tasks.Result;
import io.github.freqreg.examples.tasks.Score;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.Trained;
import io.github.freqreg.examples.tasks.Training;
import io.github.freqreg.examples.tasks.TrainingCheckpoint;
import io.github.freqreg.examples.tasks.TrainingLog;
import io.github.freqreg.examples.tasks.TrainingPlan;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One training of {@code train}: of the dense network or of the compressed one.
 *
 * @param task the network and its data
 * @param policy the regularisation policy; empty for the dense network
 * @param plan the settings of the training
 * @param checkpoint the checkpoint that is saved after each epoch and resumed from
 * @param plot draws the images that the network generates
 */
record TrainRun(
        Task task,
        Optional<FrequencyRegularization> policy,
        TrainingPlan plan,
        TrainingCheckpoint checkpoint,
        PlotOption plot) {

    /** Returns the name of the network in results. */
    String kind() {
        return policy.isPresent() ? "compressed" : "dense";
    }

    /** Trains the network and measures it, without saving it. */
    Result measure(Device device, PrintWriter out) throws IOException, MalformedModelException {
        Training.seed(plan.seed());
        try (Model model = Model.newInstance(kind(), device)) {
            Trained trained = train(model, device, out);
            Score score = task.measure(Part.TEST, model.getBlock(), model.getNDManager());
            long numbers = FrequencyFile.countNumbers(model.getBlock());
            plot.drawSamples(task, model, kind());
            return new Result(
                    numbers, Float.BYTES * numbers, score, plan.epochs(), trained.epochs());
        }
    }

    /**
     * Trains the network, saves it, loads the file into a new model and measures that model.
     *
     * @param file the file to write
     * @param save the options of the file and of the report
     */
    Result saveAndMeasure(Path file, SaveOptions save, Device device, PrintWriter out)
            throws IOException, MalformedModelException {
        Trained trained;
        SizedDocument saved;
        CompressionReport report;
        Training.seed(plan.seed());
        try (Model model = Model.newInstance(kind(), device)) {
            trained = train(model, device, out);
            document(model.getBlock(), trained).write(file);
            saved = SizedDocument.read(file);
            report = CompressionReport.of(saved, model.getBlock());
            save.printExecution(model.getBlock(), out);
        }
        try (Model model =
                task.load(device, fresh -> FrequencyFile.load(fresh, saved.document()))) {
            Score score = task.measure(Part.TEST, model.getBlock(), model.getNDManager());
            plot.drawSamples(task, model, kind());
            out.println();
            out.print(report);
            return new Result(
                    report.getKept(), report.getBytes(), score, plan.epochs(), trained.epochs());
        }
    }

    private Trained train(Model model, Device device, PrintWriter out)
            throws IOException, MalformedModelException {
        Block block = task.network();
        model.setBlock(policy.map(its -> its.apply(block, task.inputs(1))).orElse(block));
        return new Training(task, plan, TrainingLog.to(out)).run(model, device, checkpoint);
    }

    private FrqDocument document(Block block, Trained trained) {
        FrqDocument document =
                trained.file().orElseGet(() -> FrequencyFile.toDocument(block, DataType.FLOAT16));
        boolean bare = plan.limit().isPresent() && !plan.limit().get().names();
        return bare ? document.withoutNames() : document;
    }
}
