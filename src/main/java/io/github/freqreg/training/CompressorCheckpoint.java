package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files from which a {@link Compressor} resumes: the state of the current stage, its best
 * network so far, the trained dense network, and the best network of earlier stages.
 */
final class CompressorCheckpoint {

    private static final String STAGE = "stage";
    private static final String ATTEMPTS = "attempts";

    private final Path file;

    CompressorCheckpoint(Path file) {
        this.file = file;
    }

    /** What else is stored beside the state of the stage. */
    enum Part {
        BEST,
        DENSE,
        SMALLEST
    }

    /**
     * The state of an interrupted compression.
     *
     * @param checkpoint the network and the optimiser of the current stage
     * @param stage the name of the stage
     * @param attempts the attempts of a search before it
     */
    record Saved(Checkpoint checkpoint, String stage, List<FileSizeSearch.Attempt> attempts) {}

    /**
     * Reads the state.
     *
     * @param identity the settings that must be equal
     * @return the state, or nothing if there is no file
     * @throws MalformedModelException if the file is damaged or has other settings
     */
    Optional<Saved> read(Map<String, String> identity) throws IOException, MalformedModelException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Checkpoint checkpoint = Checkpoint.read(file);
        Map<String, String> settings = checkpoint.settings();
        for (Map.Entry<String, String> each : identity.entrySet()) {
            String before = settings.getOrDefault(each.getKey(), "none");
            if (!before.equals(each.getValue())) {
                throw new MalformedModelException(
                        file
                                + ": the checkpoint belongs to another compression, whose "
                                + each.getKey()
                                + " was "
                                + before
                                + " but is "
                                + each.getValue());
            }
        }
        return Optional.of(
                new Saved(
                        checkpoint,
                        settings.getOrDefault(STAGE, ""),
                        attempts(settings.getOrDefault(ATTEMPTS, ""))));
    }

    private List<FileSizeSearch.Attempt> attempts(String text) throws MalformedModelException {
        List<FileSizeSearch.Attempt> attempts = new ArrayList<>();
        for (String each : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
            if (!each.matches("[+-]\\d{1,18}")) {
                throw new MalformedModelException(
                        file + ": expected attempts such as +4096 or -1024 but found " + text);
            }
            attempts.add(
                    new FileSizeSearch.Attempt(
                            Long.parseLong(each.substring(1)), each.startsWith("+")));
        }
        return attempts;
    }

    /** Saves the state after an epoch. */
    void save(
            Model model,
            Adam adam,
            StageProgress progress,
            Map<String, String> identity,
            String stage,
            List<FileSizeSearch.Attempt> attempts)
            throws IOException {
        Map<String, String> settings = new LinkedHashMap<>(identity);
        settings.put(STAGE, stage);
        StringBuilder text = new StringBuilder();
        attempts.forEach(
                each ->
                        text.append(text.isEmpty() ? "" : " ")
                                .append(each.succeeded() ? '+' : '-')
                                .append(each.bytes()));
        settings.put(ATTEMPTS, text.toString());
        progress.describe(settings);
        Checkpoint.save(model, adam, progress.epochs(), settings, file);
    }

    /** Writes a network. */
    void write(Part part, FrqDocument network) throws IOException {
        network.write(path(part));
    }

    /** Reads a network, if it was written. */
    Optional<FrqDocument> read(Part part) throws IOException, MalformedModelException {
        return Files.exists(path(part))
                ? Optional.of(FrqDocument.read(path(part)))
                : Optional.empty();
    }

    void delete(Part part) throws IOException {
        Files.deleteIfExists(path(part));
    }

    /** Deletes all files. */
    void delete() throws IOException {
        Files.deleteIfExists(file);
        for (Part part : Part.values()) {
            delete(part);
        }
    }

    private Path path(Part part) {
        return Path.of(file + "." + part.name().toLowerCase(java.util.Locale.ROOT));
    }
}
