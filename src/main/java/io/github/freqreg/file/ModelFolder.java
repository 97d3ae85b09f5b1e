package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder from which DJL loads a model.
 *
 * @param path of the folder
 * @param model the model, whose name selects a file
 */
record ModelFolder(Path path, Model model) {

    /**
     * Returns the file with the model's name, or the only file of its kind.
     *
     * @param suffix how the names of such files end
     * @throws IOException if there is none, or no unique one
     */
    Path find(String suffix) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(path)) {
            files = all.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        }
        String name = model.getName();
        for (Path file : files) {
            String itself = file.getFileName().toString();
            if (itself.equals(name) || itself.equals(name + suffix)) {
                return file;
            }
        }
        if (files.size() != 1) {
            throw new IOException(
                    path
                            + ": expected "
                            + name
                            + suffix
                            + " or a single "
                            + suffix
                            + " file but found "
                            + files.stream().map(Path::getFileName).toList());
        }
        return files.get(0);
    }

    /**
     * Loads a {@code .frq} file into the block of a model.
     *
     * @throws IOException if the file cannot be read, is damaged or belongs to another network; the
     *     model has no block then
     */
    static Block load(Model model, Path file) throws IOException {
        try {
            FrequencyFile.load(model, file);
        } catch (MalformedModelException e) {
            model.setBlock(null);
            // DJL declares no other for factories.
            throw new IOException(e.getMessage(), e);
        }
        return model.getBlock();
    }
}
