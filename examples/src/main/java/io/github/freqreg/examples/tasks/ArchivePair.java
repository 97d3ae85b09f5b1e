package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import io.github.freqreg.file.TorchScriptFactory;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * A folder with a TorchScript network in two files: its skeleton and its numbers. DJL's {@code
 * Criteria} needs the path of the folder alone.
 *
 * @param folder the path
 * @param archive the TorchScript archive, whose name the files get
 */
public record ArchivePair(Path folder, Path archive) {

    private static final String PROPERTIES = "serving.properties";

    /** Writes the files; the folder is created if it does not exist. */
    public void write(FrqDocument document) throws IOException, MalformedModelException {
        TorchScriptFactory.save(document, archive, folder);
    }

    private Path file(String suffix) {
        String name = String.valueOf(archive.getFileName());
        return folder.resolve(name.substring(0, name.lastIndexOf('.')) + suffix);
    }

    private List<Path> files() {
        return List.of(file(".pt"), file(".frq"), folder.resolve(PROPERTIES));
    }

    /** Loads the network as an application would. */
    public Model load(Device device) throws IOException, MalformedModelException {
        try {
            return Criteria.builder()
                    .setTypes(NDList.class, NDList.class)
                    .optModelPath(folder)
                    .optModelName(String.valueOf(file("").getFileName()))
                    .optDevice(device)
                    .build()
                    .loadModel();
        } catch (MalformedModelException e) {
            throw e;
        } catch (ModelException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Returns the bytes of all files. */
    public long bytes() throws IOException {
        long bytes = 0;
        for (Path file : files()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** Returns the size of each file. */
    public String describe() throws IOException {
        StringJoiner sizes = new StringJoiner(", ");
        for (Path file : files()) {
            sizes.add(String.format(Locale.ROOT, "%s %,d", file.getFileName(), Files.size(file)));
        }
        return sizes.toString();
    }
}
