package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import io.github.freqreg.training.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeSet;

/** Whether a training is the one that a checkpoint was saved by. */
final class Resumption {

    /** The one setting that may change: it may grow. */
    static final String EPOCHS = "--epochs";

    private static final String NONE = "none";

    private Resumption() {}

    /**
     * Compares settings.
     *
     * @param checkpoint a file
     * @param given the settings of the training that is to go on
     * @return why it cannot, with each setting that differs and both values; or nothing
     */
    static Optional<String> refusal(Path checkpoint, Map<String, String> given)
            throws IOException, MalformedModelException {
        Map<String, String> saved = Checkpoint.readSettings(checkpoint);
        if (saved.isEmpty()) {
            return Optional.of(
                    checkpoint
                            + ": the checkpoint does not say which training it is of; train without"
                            + " --resume");
        }
        TreeSet<String> names = new TreeSet<>(saved.keySet());
        names.addAll(given.keySet());
        StringJoiner differences = new StringJoiner(", ");
        for (String name : names) {
            String before = saved.getOrDefault(name, NONE);
            String now = given.getOrDefault(name, NONE);
            if (!Objects.equals(before, now) && !(name.equals(EPOCHS) && isMore(now, before))) {
                differences.add(name + " was " + before + " but is " + now);
            }
        }
        return differences.length() == 0
                ? Optional.empty()
                : Optional.of(
                        checkpoint
                                + ": --resume goes on with the same training, of which only the"
                                + " number of epochs may grow, but "
                                + differences);
    }

    private static boolean isMore(String now, String before) {
        // A damaged file may hold any text.
        return before.matches("\\d{1,9}") && Integer.parseInt(now) > Integer.parseInt(before);
    }
}
