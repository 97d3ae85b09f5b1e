package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.DenseWeights;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.interop.ArrayFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Opens a file of weights of any kind: a {@code .frq} file, PyTorch's {@code .pt} and {@code .pth},
 * {@code .safetensors}, {@code .npz}, or DJL's {@code .params}. Its name tells which; any other
 * name is taken for that of a {@code .frq} file.
 */
final class WeightFile {

    /** How they are told of in the options. */
    static final String KINDS =
            "a .frq file, PyTorch's .pt or .pth, .safetensors, .npz, or DJL's .params";

    /** DJL's own name of a file of parameters. */
    private static final Pattern PARAMS = Pattern.compile("(.+)-(\\d{4})\\.params");

    private WeightFile() {}

    /** Whether a file is of this library's own kind. */
    static boolean isFrq(Path file) {
        return !ArrayFile.isReadable(file) && !params(file).matches();
    }

    private static Matcher params(Path file) {
        return PARAMS.matcher(String.valueOf(file.getFileName()));
    }

    /**
     * Loads a file into a model.
     *
     * @param network what it is of
     * @param model its block is plain and not initialised
     * @param inputs the shapes of its inputs, for files that do not tell them
     */
    static void load(Network network, Model model, Path file, Shape... inputs)
            throws IOException, MalformedModelException {
        Matcher params = params(file);
        if (params.matches()) {
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, inputs);
            // The epoch, because DJL takes the last one that is there.
            model.load(
                    file.toAbsolutePath().getParent(),
                    params.group(1),
                    Map.of("epoch", params.group(2)));
        } else if (ArrayFile.isReadable(file)) {
            loadArrays(network, model, file, inputs);
        } else {
            FrequencyFile.load(model, file);
        }
    }

    private static void loadArrays(Network network, Model model, Path file, Shape... inputs)
            throws IOException, MalformedModelException {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, file);
            try {
                DenseWeights.load(model, arrays, TorchNames.of(network, model.getBlock()), inputs);
            } catch (MalformedModelException e) {
                throw new MalformedModelException(file + ": " + e.getMessage(), e);
            }
        }
    }

    /** The names and shapes of what a file holds; none if it leaves them to the network. */
    static Map<String, Shape> shapes(Path file) throws IOException, MalformedModelException {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        if (isFrq(file)) {
            return shapes(FrqDocument.read(file));
        } else if (ArrayFile.isReadable(file)) {
            try (NDManager manager = NDManager.newBaseManager()) {
                ArrayFile.read(manager, file)
                        .forEach(array -> shapes.put(array.getName(), array.getShape()));
            }
        }
        return shapes;
    }

    /** The names and shapes of a document; none if it leaves them to the network. */
    static Map<String, Shape> shapes(FrqDocument document) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        if (document.isNamed()) {
            document.entries().forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
        }
        return shapes;
    }
}
