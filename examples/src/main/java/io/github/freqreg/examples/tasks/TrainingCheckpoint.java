package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.training.Checkpoint;
import io.github.freqreg.training.ResumableOptimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeSet;

/**
 * The file that a training is saved to after each epoch and resumed from.
 *
 * @param file its path
 * @param settings of the training by name, which have to match those in the file
 */
public record TrainingCheckpoint(Path file, Map<String, String> settings) {

    /** The only setting that may differ: it may grow. */
    public static final String EPOCHS = "--epochs";

    private static final String NONE = "none";

    /** Whether there is a training to resume. */
    public boolean exists() {
        return Files.exists(file);
    }

    /** Removes the file if it exists. */
    public void delete() throws IOException {
        Files.deleteIfExists(file);
    }

    void save(Model model, ResumableOptimizer optimizer, int epoch) throws IOException {
        Checkpoint.save(model, optimizer, epoch, settings, file);
    }

    /** Loads network and optimiser and returns how many epochs are done. */
    int load(Model model, ResumableOptimizer optimizer)
            throws IOException, MalformedModelException {
        return Checkpoint.load(model, optimizer, file);
    }

    /**
     * Compares these settings with those in the file, which must exist.
     *
     * @return why the training cannot be resumed, with each setting that differs and both values;
     *     empty if it can
     */
    public Optional<String> refusal() throws IOException, MalformedModelException {
        Map<String, String> saved = Checkpoint.readSettings(file);
        if (saved.isEmpty()) {
            return Optional.of(
                    file
                            + ": the checkpoint does not say which training it is of; train without"
                            + " --resume");
        }
        TreeSet<String> names = new TreeSet<>(saved.keySet());
        names.addAll(settings.keySet());
        StringJoiner differences = new StringJoiner(", ");
        for (String name : names) {
            String before = saved.getOrDefault(name, NONE);
            String now = settings.getOrDefault(name, NONE);
            if (!Objects.equals(before, now) && !(name.equals(EPOCHS) && isMore(now, before))) {
                differences.add(name + " was " + before + " but is " + now);
            }
        }
        return differences.length() == 0
                ? Optional.empty()
                : Optional.of(
                        file
                                + ": --resume goes on with the same training, of which only the"
                                + " number of epochs may grow, but "
                                + differences);
    }

    private static boolean isMore(String now, String before) {
        // A damaged file may hold any text.
        return before.matches("\\d{1,9}") && Integer.parseInt(now) > Integer.parseInt(before);
    }
}
