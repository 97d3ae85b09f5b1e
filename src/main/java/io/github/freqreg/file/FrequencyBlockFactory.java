package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Loads {@code .frq} files through DJL's {@code Criteria}, and so in DJL Serving, too.
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
 * <p>The model path is a {@code .frq} file, or a folder or archive that contains one. If there are
 * several, the one with the model's name is loaded; that name is the one of the folder or archive,
 * unless {@code optModelName} sets another. DJL passes only a folder to a factory. So {@code
 * optBlock} cannot be used here, and a name that was set takes precedence over the name of a single
 * file. For a single file, DJL logs a harmless warning that it is not an archive.
 *
 * <p>The URL of a resource in a jar is {@code jar:///path/in/jar.frq}. DJL caches it by the
 * location of the jar and does not notice a new resource at the same location. To avoid the cache,
 * use {@link FrequencyFile#load(Model, io.github.freqreg.format.FrqDocument)}. A URL of another
 * host must refer to an archive.
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
 * <p>A {@code .frq} file names no class and contains no code: the application that loads it names
 * the code that builds the network, in {@code Criteria} or in its own {@code serving.properties}.
 * However, DJL runs the classes that the {@code serving.properties} of a model folder names, also
 * classes in that folder. Treat a folder or archive from a foreign source as a program.
 */
@FunctionalInterface
public interface FrequencyBlockFactory extends BlockFactory {

    /**
     * Builds the network that was saved, plain or wrapped.
     *
     * @param arguments of {@code Criteria} and {@code serving.properties}, such as sizes; values
     *     from {@code serving.properties} are strings
     * @return the network, not initialised
     * @throws IOException if something that it is built from cannot be read
     */
    Block newNetwork(Map<String, ?> arguments) throws IOException;

    /**
     * Builds the network and loads the file into it.
     *
     * @param model receives the network; its name selects the file
     * @param modelPath a folder
     * @param arguments for {@link #newNetwork}
     * @return the loaded network
     * @throws IOException if no file or no unique file is found, or it cannot be read; or, with a
     *     {@link MalformedModelException} as its cause, if it is damaged or belongs to another
     *     network
     */
    @Override
    default Block newBlock(Model model, Path modelPath, Map<String, ?> arguments)
            throws IOException {
        Path file = new ModelFolder(modelPath, model).find(FrequencyFile.SUFFIX);
        model.setBlock(newNetwork(arguments));
        return ModelFolder.load(model, file);
    }
}
