package io.github.freqreg.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The checkpoint of a compressor, and the files beside it that have its name and a suffix.
 *
 * @param checkpoint the path of the checkpoint
 */
record CompressorFiles(Path checkpoint) {

    boolean exist() {
        return Files.exists(checkpoint);
    }

    /** Deletes the files that exist. */
    void delete() throws IOException {
        String name = String.valueOf(checkpoint.getFileName());
        List<Path> found;
        try (Stream<Path> files = Files.list(checkpoint.toAbsolutePath().getParent())) {
            found =
                    files.filter(
                                    file -> {
                                        String its = String.valueOf(file.getFileName());
                                        return its.equals(name) || its.startsWith(name + ".");
                                    })
                            .toList();
        }
        for (Path file : found) {
            Files.deleteIfExists(file);
        }
    }
}
