package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.torch.TorchScript;
import io.github.freqreg.interop.torch.TorchScriptSkeleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Loads a TorchScript network and its compressed numbers through DJL's {@code Criteria}, and so in
 * DJL Serving, too.
 *
 * <p>The model path is a folder, or an archive of a folder, with two files: the skeleton of the
 * network, {@code NAME.pt}, and its numbers, {@code NAME.frq}. With a {@code serving.properties} of
 *
 * <pre>
 * engine=PyTorch
 * blockFactory=io.github.freqreg.file.TorchScriptFactory
 * option.hasParameter=false
 * </pre>
 *
 * <p>beside them, as {@link #save} writes it, {@code Criteria} needs the path alone; without it,
 * set the argument {@code blockFactory} and the option {@code hasParameter} there. If there are
 * several files of a kind, the one with the model's name is loaded.
 *
 * <p>A TorchScript archive contains code, which PyTorch runs. Treat one from a foreign source as a
 * program.
 *
 * <p>Instances have no state.
 *
 * @see io.github.freqreg.interop.torch.TorchScriptSkeleton
 */
public final class TorchScriptFactory implements BlockFactory {

    private static final long serialVersionUID = 1;

    private static final String ARCHIVE = ".pt";

    private static final String PROPERTIES =
            """
            engine=PyTorch
            blockFactory=%s
            option.hasParameter=false
            """
                    .formatted(TorchScriptFactory.class.getName());

    /** Creates a factory. */
    public TorchScriptFactory() {}

    /**
     * Writes a folder that this class loads: the skeleton of a network, its numbers, and a {@code
     * serving.properties}. Files of the same names are replaced.
     *
     * @param numbers of the network, see {@link FrequencyFile#toDocument(Block)}; it was loaded by
     *     {@link TorchScript#load}
     * @param archive the path of the network's TorchScript archive, whose name the files get
     * @param folder the path; the folder is created if it does not exist
     * @throws IOException if a file cannot be read or written
     * @throws MalformedModelException if the archive is not valid
     * @throws IllegalArgumentException if the folder has the archive itself, which would be
     *     replaced, or another network, as {@code Criteria} could not tell which to load
     */
    public static void save(FrqDocument numbers, Path archive, Path folder)
            throws IOException, MalformedModelException {
        Files.createDirectories(folder);
        String name = String.valueOf(archive.getFileName());
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        Path skeleton = folder.resolve(stem + ARCHIVE);
        Path file = folder.resolve(stem + FrequencyFile.SUFFIX);
        checkAlone(folder, Set.of(skeleton, file));
        TorchScriptSkeleton.write(archive, skeleton);
        numbers.write(file);
        WholeFile.write(
                folder.resolve("serving.properties"), PROPERTIES.getBytes(StandardCharsets.UTF_8));
    }

    private static void checkAlone(Path folder, Set<Path> own) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Optional<Path> other =
                    files.filter(each -> !own.contains(each))
                            .filter(TorchScriptFactory::isOfNetwork)
                            .findFirst();
            if (other.isPresent()) {
                throw new IllegalArgumentException(
                        "The folder must have no other network but has "
                                + other.get()
                                + ": write to a folder of its own");
            }
        }
    }

    private static boolean isOfNetwork(Path file) {
        return file.toString().endsWith(ARCHIVE) || file.toString().endsWith(FrequencyFile.SUFFIX);
    }

    /**
     * Loads the network and its numbers.
     *
     * @param model receives the network; its name selects the files
     * @param modelPath a folder
     * @param arguments not used
     * @return the network, with the numbers of the {@code .frq} file
     * @throws IOException if a file is missing or not unique, or cannot be read; or, with a {@link
     *     MalformedModelException} as its cause, if one is damaged or belongs to another network
     */
    @Override
    public Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        ModelFolder folder = new ModelFolder(modelPath, model);
        Path numbers = folder.find(FrequencyFile.SUFFIX);
        Path archive = folder.find(ARCHIVE);
        try {
            model.setBlock(TorchScript.load(model.getNDManager(), archive));
        } catch (MalformedModelException e) {
            throw new IOException(e.getMessage(), e);
        }
        return ModelFolder.load(model, numbers);
    }
}
