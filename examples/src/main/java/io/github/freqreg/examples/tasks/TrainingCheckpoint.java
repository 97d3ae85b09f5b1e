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
 * The checkpoint file of one training, with the settings that a resumed training must repeat.
 *
 * <p>The file is decoded once: {@link #refusal} keeps what it read until {@link #load} takes it.
 */
public final class TrainingCheckpoint {

    /** The only setting that may change between save and resume: it may increase. */
    public static final String EPOCHS = "--epochs";

    private static final String NONE = "none";

    private final Path file;
    private final Map<String, String> settings;
    private Optional<Checkpoint> saved = Optional.empty();

    /**
     * Refers to the checkpoint of a training run. The file is neither read nor written yet.
     *
     * @param file the path of the checkpoint
     * @param settings the settings of the run, by name
     */
    public TrainingCheckpoint(Path file, Map<String, String> settings) {
        this.file = file;
        this.settings = Map.copyOf(settings);
    }

    /** Returns the path. */
    public Path file() {
        return file;
    }

    /** Returns the path of the best network so far. */
    Path best() {
        return Path.of(file + ".best");
    }

    /** Returns whether the file exists. */
    public boolean exists() {
        return Files.exists(file);
    }

    /** Deletes the file if it exists. */
    public void delete() throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(best());
    }

    void save(Model model, ResumableOptimizer optimizer, int epoch) throws IOException {
        Checkpoint.save(model, optimizer, epoch, settings, file);
    }

    /**
     * Restores the parameters of the model and the state of the optimiser.
     *
     * @return the number of completed epochs
     */
    int load(Model model, ResumableOptimizer optimizer)
            throws IOException, MalformedModelException {
        Checkpoint checkpoint = saved.isPresent() ? saved.get() : Checkpoint.read(file);
        // It holds a copy of all parameters and moments.
        saved = Optional.empty();
        return checkpoint.load(model, optimizer);
    }

    /**
     * Reads the file, which must exist, and compares its settings with those of this training.
     *
     * @return why the training cannot be resumed, naming each setting that differs with both
     *     values; empty if it can
     */
    public Optional<String> refusal() throws IOException, MalformedModelException {
        Checkpoint checkpoint = Checkpoint.read(file);
        saved = Optional.of(checkpoint);
        Map<String, String> before = checkpoint.settings();
        if (before.isEmpty()) {
            return Optional.of(
                    file + ": the checkpoint has no settings to compare; train without --resume");
        }
        String differences = differences(before);
        return differences.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        file
                                + ": --resume needs the settings of the interrupted training, of"
                                + " which only --epochs may increase, but "
                                + differences);
    }

    private String differences(Map<String, String> before) {
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(settings.keySet());
        StringJoiner differences = new StringJoiner(", ");
        for (String name : names) {
            String was = before.getOrDefault(name, NONE);
            String is = settings.getOrDefault(name, NONE);
            if (!Objects.equals(was, is) && !(name.equals(EPOCHS) && isMore(is, was))) {
                differences.add(name + " was " + was + " but is " + is);
            }
        }
        return differences.toString();
    }

    private static boolean isMore(String now, String before) {
        // A damaged file may hold any text.
        return before.matches("\\d{1,9}") && Integer.parseInt(now) > Integer.parseInt(before);
    }
}
