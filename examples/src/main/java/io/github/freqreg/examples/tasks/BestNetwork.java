package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The quantised network of the epoch with the best validation score.
 *
 * <p>With coarse steps, the scores of the last epochs differ by a few tenths of a percent.
 */
final class BestNetwork {

    private final Task task;
    private final Device device;
    private final Optional<ByteLimit> limit;
    private final Optional<Path> file;
    private Optional<Score> score = Optional.empty();
    private Optional<FrqDocument> document = Optional.empty();

    /**
     * Creates a record without a network.
     *
     * @param limit the limit on the size of the file; without one, no network is kept
     * @param file where the network is saved, so that a resumed training finds it
     */
    BestNetwork(Task task, Device device, Optional<ByteLimit> limit, Optional<Path> file) {
        this.task = task;
        this.device = device;
        this.limit = limit;
        this.file = file;
    }

    /** Takes the network of an interrupted training, if there is one. */
    void resume() throws IOException, MalformedModelException {
        if (limit.isEmpty() || file.isEmpty() || !Files.exists(file.get())) {
            return;
        }
        FrqDocument saved = FrqDocument.read(file.get());
        score = Optional.of(measure(saved));
        document = Optional.of(saved);
    }

    private Score measure(FrqDocument network) throws IOException, MalformedModelException {
        try (Model model = task.load(device, fresh -> FrequencyFile.load(fresh, network))) {
            return task.measure(Part.VALIDATION, model.getBlock(), model.getNDManager());
        }
    }

    /**
     * Takes the network of an epoch if its file fits and is better than all before. Files round
     * what training does not: normalisation, and parameters that are not wrapped.
     *
     * @return the validation score of the file; empty if it does not fit
     */
    Optional<Score> offer(Model model, Quantization steps)
            throws IOException, MalformedModelException {
        if (limit.isEmpty()
                || steps.bytes(model.getBlock(), limit.get().names()) > limit.get().bytes()) {
            return Optional.empty();
        }
        FrqDocument rounded = FrequencyFile.toDocument(model.getBlock(), steps).rounded();
        Score offered = measure(rounded);
        if (score.isEmpty() || offered.above(score.get()) > 0) {
            score = Optional.of(offered);
            document = Optional.of(rounded);
            if (file.isPresent()) {
                rounded.write(file.get());
            }
        }
        return Optional.of(offered);
    }

    private void checkFits(Model model, Quantization steps) {
        if (limit.isPresent()) {
            long bytes = steps.bytes(model.getBlock(), limit.get().names());
            if (bytes > limit.get().bytes()) {
                throw new DataException(
                        "the file of no epoch fits into "
                                + limit.get().bytes()
                                + " bytes, the last has "
                                + bytes
                                + ": try more --epochs or a larger --budget-bytes");
            }
        }
    }

    /**
     * Loads the network into the model, if there is one.
     *
     * @param last the steps of the last epoch
     * @return the content of the file of the best network, or else of the last one
     * @throws DataException if its file does not fit either
     */
    FrqDocument load(Model model, Quantization last) throws MalformedModelException {
        if (document.isEmpty()) {
            checkFits(model, last);
            return FrequencyFile.toDocument(model.getBlock(), last);
        }
        FrequencyFile.load(model, document.get());
        Quantization.of(document.get()).applyTo(model.getBlock());
        return document.get();
    }
}
