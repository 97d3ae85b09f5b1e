package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Loads a {@code .frq} file wherever DJL loads a model by its {@code Criteria}, DJL Serving
 * included.
 *
 * <pre>
 * FrequencyBlockFactory network = arguments -&gt; LeNet.build();
 * Criteria.builder()
 *         .setTypes(Image.class, Classifications.class)
 *         .optModelPath(folderOrFile)            // or optModelUrls("jar:///models/lenet.frq")
 *         .optArgument("blockFactory", network)
 *         .optOption("hasParameter", "false")    // there is no .params file
 *         .optTranslator(translator)
 *         .build()
 *         .loadModel();
 * </pre>
 *
 * <p>The model path is a {@code .frq} file, or a folder or archive with one in it. Of several, the
 * one with the model's name is taken, which is the folder's or the archive's own unless {@code
 * optModelName} sets another. DJL passes factories a folder alone, so {@code optBlock} cannot be
 * used here, and a name that is set goes before that of a single file. For a single file DJL warns
 * in the log that it is no archive, which does no harm.
 *
 * <p>A resource of a jar has the URL {@code jar:///path/in/jar.frq}. DJL copies it to its cache,
 * once for each place of the jar: a new resource at an old place is not seen until the cache is
 * cleared. Where that matters, {@link FrequencyFile#load(Model,
 * io.github.freqreg.format.FrqDocument)} takes the bytes themselves. A URL of another host must be
 * that of an archive.
 *
 * <h2>A folder for DJL Serving</h2>
 *
 * <pre>
 * lenet/
 *   serving.properties
 *   lenet.frq
 *   network.jar          the class that is named below, and this library unless the server has it
 * </pre>
 *
 * <p>with, in {@code serving.properties},
 *
 * <pre>
 * engine=PyTorch
 * blockFactory=org.example.LeNetFactory
 * option.hasParameter=false
 * translatorFactory=ai.djl.modality.cv.translator.ImageClassificationTranslatorFactory
 * flag=GRAYSCALE
 * width=28
 * height=28
 * resize=true
 * applySoftmax=true
 * synset=0,1,2,3,4,5,6,7,8,9
 * </pre>
 *
 * <p>and the class
 *
 * <pre>
 * public final class LeNetFactory implements FrequencyBlockFactory {
 *     public Block newNetwork(Map&lt;String, ?&gt; arguments) {
 *         return LeNet.build();
 *     }
 * }
 * </pre>
 *
 * <p>The same folder, or a zip of it, is a model path for {@code Criteria} without any arguments.
 *
 * <h2>Whose code runs</h2>
 *
 * <p>Nothing in a {@code .frq} file names a class: the network is built by the code that whoever
 * loads it names, in {@code Criteria} or in a {@code serving.properties} of their own. But DJL runs
 * what a folder's {@code serving.properties} names, and the classes beside it: a folder or an
 * archive from elsewhere is a program, where a {@code .frq} file is none.
 */
@FunctionalInterface
public interface FrequencyBlockFactory extends BlockFactory {

    /**
     * Builds the network that was saved, plain or wrapped.
     *
     * @param arguments of {@code Criteria} and {@code serving.properties}, such as sizes; the
     *     values of the latter are strings
     * @return the network, not initialised
     * @throws IOException if something that it is built from cannot be read
     */
    Block newNetwork(Map<String, ?> arguments) throws IOException;

    /**
     * Builds the network and loads the file into it.
     *
     * @param model gets the network; its name chooses among files
     * @param modelPath a folder
     * @param arguments for {@link #newNetwork}
     * @return the network with the numbers of the file, wrapped
     * @throws IOException if there is no file or none to prefer, or it cannot be read, is damaged
     *     or of another structure; of the latter two a {@link MalformedModelException} is the cause
     */
    @Override
    default Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        Path file = find(modelPath, model.getName());
        model.setBlock(newNetwork(arguments));
        try {
            FrequencyFile.load(model, file);
        } catch (MalformedModelException e) {
            model.setBlock(null);
            // DJL declares no other for factories.
            throw new IOException(e.getMessage(), e);
        }
        return model.getBlock();
    }

    private static Path find(Path folder, String name) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files =
                    all.filter(file -> file.toString().endsWith(FrequencyFile.SUFFIX))
                            .sorted()
                            .toList();
        }
        for (Path file : files) {
            String itself = file.getFileName().toString();
            if (itself.equals(name) || itself.equals(name + FrequencyFile.SUFFIX)) {
                return file;
            }
        }
        if (files.size() != 1) {
            throw new IOException(
                    folder
                            + ": expected "
                            + name
                            + FrequencyFile.SUFFIX
                            + " or a single "
                            + FrequencyFile.SUFFIX
                            + " file but found "
                            + files.stream().map(Path::getFileName).toList());
        }
        return files.get(0);
    }
}
