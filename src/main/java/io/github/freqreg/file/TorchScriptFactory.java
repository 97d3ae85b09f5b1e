package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.BlockFactory;
import io.github.freqreg.interop.torch.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

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
 * <p>beside them, {@code Criteria} needs the path alone; without it, set the argument {@code
 * blockFactory} and the option {@code hasParameter} there. If there are several files of a kind,
 * the one with the model's name is loaded.
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

    /** Creates a factory. */
    public TorchScriptFactory() {}

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
        Path archive = folder.find(".pt");
        try {
            model.setBlock(TorchScript.load(model.getNDManager(), archive));
        } catch (MalformedModelException e) {
            throw new IOException(e.getMessage(), e);
        }
        return ModelFolder.load(model, numbers);
    }
}
