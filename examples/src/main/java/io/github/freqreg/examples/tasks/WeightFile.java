package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.interop.NameTable;
import io.github.freqreg.interop.torch.TorchCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A weight file of any supported format: {@code .frq}, PyTorch's {@code .pt}, {@code .pth} and
 * {@code .bin}, {@code .safetensors} (also several files with an index), {@code .npz}, or DJL's
 * {@code .params}. The extension decides; a file with another extension is read as {@code .frq}.
 */
public final class WeightFile implements AutoCloseable {

    /** The supported formats, for the descriptions of options. */
    public static final String KINDS =
            "a .frq file, PyTorch's .pt, .pth or .bin, .safetensors or its .index.json, .npz, or"
                    + " DJL's .params";

    /** The name that DJL gives to a parameter file: prefix and epoch. */
    private static final Pattern PARAMS = Pattern.compile(".+-\\d{4}\\.params");

    private final Path file;
    private final Optional<Path> nameTable;
    private final Optional<FrqDocument> document;
    private final NDManager manager = NDManager.newBaseManager();
    private final NDList arrays;
    private final String description;

    private WeightFile(Path file, Optional<String> part, Optional<Path> nameTable)
            throws IOException, MalformedModelException {
        this.file = file;
        this.nameTable = nameTable;
        try {
            document = isFrq(file) ? Optional.of(FrqDocument.read(file)) : Optional.empty();
            if (TorchCheckpoint.isReadable(file)) {
                TorchCheckpoint checkpoint =
                        part.isPresent()
                                ? TorchCheckpoint.read(file, part.get())
                                : TorchCheckpoint.read(file);
                description = checkpoint.describe();
                arrays = arrays(checkpoint);
            } else {
                description = "";
                arrays = ArrayFile.isReadable(file) ? ArrayFile.read(manager, file) : new NDList();
            }
        } catch (IOException | MalformedModelException | RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /**
     * Opens a file and decodes it. A {@code .params} file is only decoded by {@link #load}.
     *
     * @param file the path
     */
    public static WeightFile open(Path file) throws IOException, MalformedModelException {
        return open(file, Optional.empty(), Optional.empty());
    }

    /**
     * Opens a file that holds several networks, or whose arrays have other names than the network.
     *
     * @param file the path
     * @param part the path of the part of a PyTorch checkpoint, see {@link TorchCheckpoint}
     * @param nameTable the path of a {@link NameTable}; {@link #load} writes the table if there is
     *     none
     * @throws IllegalArgumentException if there is a part, and the file is not a checkpoint
     * @throws DataException if there is a table, and the file has no arrays with names
     */
    public static WeightFile open(Path file, Optional<String> part, Optional<Path> nameTable)
            throws IOException, MalformedModelException {
        if (part.isPresent() && !TorchCheckpoint.isReadable(file)) {
            throw new IllegalArgumentException(
                    "Only a .pt, .pth or .bin file has parts, but the file is " + file);
        }
        if (nameTable.isPresent() && !ArrayFile.isReadable(file)) {
            throw new DataException(
                    file + ": a table of names is for .pt, .pth, .safetensors and .npz only");
        }
        return new WeightFile(file, part, nameTable);
    }

    private NDList arrays(TorchCheckpoint checkpoint) throws MalformedModelException {
        try {
            return checkpoint.toArrays(manager);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns which part of a PyTorch checkpoint was read and what was removed from its names;
     * empty for other files.
     */
    public String describe() {
        return description;
    }

    /** Returns whether a file is read as {@code .frq}. */
    public static boolean isFrq(Path file) {
        return !ArrayFile.isReadable(file) && !params(file).matches();
    }

    private static Matcher params(Path file) {
        return PARAMS.matcher(String.valueOf(file.getFileName()));
    }

    /**
     * Loads the weights into a model.
     *
     * @param network the network of the model
     * @param model the model; its block is dense and not initialised
     * @param inputs the input shapes of the network, for files without input shapes
     */
    public void load(Network network, Model model, Shape... inputs)
            throws IOException, MalformedModelException {
        Matcher params = params(file);
        if (params.matches()) {
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, inputs);
            ParametersFile.load(file, model.getBlock(), model.getNDManager());
            return;
        }
        try {
            if (document.isPresent()) {
                FrequencyFile.load(model, document.get());
            } else {
                loadArrays(TorchNames.of(network, model.getBlock()), model, inputs);
            }
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    private void loadArrays(UnaryOperator<String> names, Model model, Shape... inputs)
            throws IOException, MalformedModelException {
        if (nameTable.isPresent()) {
            loadArrays(nameTable.get(), names, model, inputs);
            return;
        }
        try {
            DenseWeights.load(model, arrays, names, inputs);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(
                    e.getMessage() + " (--name-table matches names by shape)", e);
        }
    }

    private void loadArrays(Path table, UnaryOperator<String> names, Model model, Shape... inputs)
            throws IOException, MalformedModelException {
        if (!Files.exists(table)) {
            DenseWeights.match(model.getBlock(), arrays, names, inputs).write(table);
        }
        NameTable lines = NameTable.read(table);
        try {
            DenseWeights.load(model, arrays, lines, inputs);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(e.getMessage() + ": correct " + table, e);
        }
    }

    /** Returns the tensor shapes in the file by name; empty if it has no names and shapes. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes =
                new LinkedHashMap<>(document.map(WeightFile::shapes).orElse(Map.of()));
        arrays.forEach(array -> shapes.put(array.getName(), array.getShape()));
        return shapes;
    }

    /** Returns the tensor shapes of a document by name; empty if it has no names and shapes. */
    public static Map<String, Shape> shapes(FrqDocument document) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        if (document.isNamed()) {
            document.entries().forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
        }
        return shapes;
    }

    /** Returns the width of the UNet of a file without shapes, unless an option gives one. */
    public int usualUNetWidth() {
        return document.map(PublishedUNet::usualWidth).orElse(PublishedUNet.WIDTH);
    }

    /** Frees the arrays of the file. */
    @Override
    public void close() {
        manager.close();
    }
}
