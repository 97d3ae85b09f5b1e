package io.github.freqreg;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves a network as a {@code .frq} file, and loads it.
 *
 * <p>The file holds the kept coefficients, every other parameter of the network (biases,
 * normalisation), the shapes of its inputs and a checksum; see {@link io.github.freqreg.format}. It
 * is written whole or not at all.
 *
 * <p>Loading takes a network of the same structure, plain or wrapped, fresh or not: what the file
 * holds as coefficients is wrapped if it is not yet, and in a network that is not initialised DJL's
 * transposed convolutions become this library's, as by {@link FrequencyRegularization#apply(Block,
 * Shape...)}. Everything is checked before anything is changed for good.
 *
 * <p>Running statistics behind a regularised layer have few frequencies themselves: the means those
 * of the layer along its channels, and the variances twice as many less one. But for float32 they
 * are stored as these coefficients where they can be rebuilt from them, means to 1/512 of the
 * channel's deviation (with the 1e-5 that DJL adds to a variance) and variances to 1/256 of
 * themselves; loaded, they are whole again.
 *
 * <p>Of a TorchScript network ({@code PtSymbolBlock}) DJL shows the parameters alone: running
 * statistics of its batch normalisation are buffers, which are not stored and stay those of the
 * archive.
 *
 * <p>State of a block that is no parameter, such as the options it was built with, is not stored:
 * the network that a file is loaded into is built as the saved one was.
 *
 * <p>The methods are safe for concurrent use on different networks.
 */
public final class FrequencyFile {

    private static final Logger logger = LoggerFactory.getLogger(FrequencyFile.class);

    /** How the names of files end. */
    static final String SUFFIX = ".frq";

    /** Above it float16 rounds to infinity. */
    private static final float MAX_HALF = 65504f;

    /** The smallest normal float16; below it relative errors grow, up to all of the value. */
    static final float MIN_HALF = 0x1p-14f;

    /** Names in a message. */
    private static final int FEW = 6;

    private FrequencyFile() {}

    /**
     * Saves a network with float16 numbers.
     *
     * @param block the network, initialised
     * @param file the path; a file that is there is replaced
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite
     */
    public static void save(Block block, Path file) throws IOException {
        save(block, file, DataType.FLOAT16);
    }

    /**
     * Saves a network.
     *
     * <p>With float16, tensors that float16 cannot hold are float32 all the same: running
     * statistics that are stored whole, tensors with a value above 65504, and those whose largest
     * value is below 2^-14, where float16 loses digits and, below 2^-25, everything. A value is off
     * by at most 2^-11 of its tensor's largest; {@link CompressionReport} shows the type of each.
     *
     * @param block the network, initialised
     * @param file the path; a file that is there is replaced
     * @param type how numbers are stored: float16 or float32
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite, or the type is another one
     */
    public static void save(Block block, Path file, DataType type) throws IOException {
        toDocument(block, type).write(file);
    }

    /**
     * Saves a network with quantised numbers.
     *
     * <p>Numbers of a tensor are multiples of its step. Coefficients at the end of the zigzag order
     * that are rounded to zero are not kept.
     *
     * @param block the network, initialised
     * @param file the path; a file that is there is replaced
     * @param quantization how finely each tensor's numbers are stored
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite
     */
    public static void save(Block block, Path file, Quantization quantization) throws IOException {
        toDocument(block, quantization).write(file);
    }

    /**
     * Returns a network's parameters under the names that files and reports give them.
     *
     * <p>They are those of DJL's {@code getParameters()}, but for layers that were wrapped before
     * they were added to their parent: these have the name of the plain layer. A parameter that is
     * in the network more than once appears under its first name.
     *
     * @param block any network
     * @return the parameters by name, in the network's order
     * @throws IllegalStateException if two parameters have the same name
     */
    public static Map<String, Parameter> parameters(Block block) {
        return BlockTree.parameters(block);
    }

    /**
     * Counts the numbers that a file of the network would hold, as {@link #save(Block, Path)}
     * writes it.
     *
     * @param block the network, initialised
     * @return the kept coefficients, the running statistics' few ones where these are enough, and
     *     all elements of the other parameters
     * @throws IllegalStateException if the network is not initialised
     */
    public static long countNumbers(Block block) {
        checkInitialized(block);
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(block);
        long numbers = 0;
        Map<Parameter, RunningStatistic> statistics = RunningStatistic.in(block);
        for (Parameter parameter : BlockTree.parameters(block).values()) {
            SpectralParameter tensor = spectral.get(parameter);
            RunningStatistic few = statistics.get(parameter);
            if (tensor != null) {
                numbers += tensor.getKept();
            } else {
                numbers += few != null ? few.coefficients().length : parameter.getArray().size();
            }
        }
        return numbers;
    }

    /**
     * Loads a file into a model.
     *
     * @param model a model whose block has the structure that was saved, without a trainer
     * @param file the path
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged, of another version, or of another
     *     structure; the model is unchanged
     * @throws IllegalStateException if two parameters of the network have the same name
     */
    public static void load(Model model, Path file) throws IOException, MalformedModelException {
        checkBlock(model);
        model.setBlock(load(model.getBlock(), model.getNDManager(), model.getDataType(), file));
    }

    /**
     * Loads a file into a network.
     *
     * @param block a network of the structure that was saved, plain or wrapped, initialised or not
     * @param manager keeps the network's arrays, which are float32, if it is not initialised
     * @param file the path
     * @return the network to use from now on, wrapped
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged, of another version, or of another
     *     structure; the network is unchanged
     * @throws IllegalStateException if two parameters of the network have the same name
     */
    public static Block load(Block block, NDManager manager, Path file)
            throws IOException, MalformedModelException {
        return load(block, manager, DataType.FLOAT32, file);
    }

    /**
     * Loads what a file holds into a model.
     *
     * @param model a model whose block has the structure that was saved, without a trainer
     * @param document the content of a file, from wherever it comes
     * @throws MalformedModelException if it is of another structure; the model is unchanged
     */
    public static void load(Model model, FrqDocument document) throws MalformedModelException {
        checkBlock(model);
        model.setBlock(load(model.getBlock(), model.getNDManager(), model.getDataType(), document));
    }

    static void checkBlock(Model model) {
        if (model.getBlock() == null) {
            throw new IllegalStateException(
                    "The model " + model.getName() + " has no block: call setBlock first");
        }
    }

    private static Block load(Block block, NDManager manager, DataType type, Path file)
            throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        try {
            Block loaded = load(block, manager, type, document);
            logger.debug("Loaded {} numbers from {}", document.numbers(), file);
            return loaded;
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns what a file of the network would hold.
     *
     * @param block the network, initialised
     * @param type how numbers are stored: float16 or float32, as in {@link #save(Block, Path,
     *     DataType)}
     * @return the content, to be written or sent elsewhere
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if the type is another one
     */
    public static FrqDocument toDocument(Block block, DataType type) {
        if (type != DataType.FLOAT16 && type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "A .frq file stores float16 or float32 but the type asked for is " + type);
        }
        return toDocument(
                block,
                type == DataType.FLOAT16,
                (name, parameter, values) ->
                        type == DataType.FLOAT16
                                        && !RunningStatistic.isOne(parameter)
                                        && fitsHalf(values)
                                ? Precision.FLOAT16
                                : Precision.FLOAT32);
    }

    /**
     * Returns what a file of the network would hold.
     *
     * @param block the network, initialised
     * @param quantization how finely each tensor's numbers are stored, see {@link #save(Block,
     *     Path, Quantization)}
     * @return the content, to be written or sent elsewhere
     * @throws IllegalStateException if the network is not initialised
     */
    public static FrqDocument toDocument(Block block, Quantization quantization) {
        return toDocument(
                block, true, (name, parameter, values) -> quantization.of(name, parameter, values));
    }

    static void checkInitialized(Block block) {
        if (!block.isInitialized()) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to save");
        }
    }

    /** How the numbers of a parameter are stored. */
    @FunctionalInterface
    interface PrecisionRule {

        Precision of(String name, Parameter parameter, float[] values);
    }

    private static FrqDocument toDocument(Block block, boolean fewStatistics, PrecisionRule rule) {
        checkInitialized(block);
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(block);
        Map<Parameter, RunningStatistic> statistics =
                fewStatistics ? RunningStatistic.in(block) : Map.of();
        List<FrqEntry> tensors = new ArrayList<>();
        for (Map.Entry<String, Parameter> entry : BlockTree.parameters(block).entrySet()) {
            Parameter parameter = entry.getValue();
            SpectralParameter tensor = spectral.get(parameter);
            RunningStatistic few = statistics.get(parameter);
            Shape shape = shapeOf(parameter, tensor);
            FrequencyAxes axes = tensor != null ? tensor.getAxes() : null;
            float[] values;
            Precision precision;
            if (few != null) {
                axes = FrequencyAxes.OWN;
                values = few.coefficients();
                precision = few.precision();
            } else {
                values = tensor != null ? tensor.toTensor().coefficients() : values(entry);
                precision = rule.of(entry.getKey(), parameter, values);
            }
            tensors.add(
                    new FrqEntry(
                            entry.getKey(),
                            new Shape(shape.getShape()),
                            axes,
                            precision,
                            tensor != null ? withoutZeroTail(values, precision) : values));
        }
        return new FrqDocument(Arrays.asList(block.getInputShapes()), tensors);
    }

    /** Coefficients at the end that are rounded to zero need not be kept. */
    private static float[] withoutZeroTail(float[] values, Precision precision) {
        int count = values.length;
        while (count > 1 && precision.isZero(values[count - 1])) {
            count--;
        }
        return count == values.length ? values : Arrays.copyOf(values, count);
    }

    /** Whether a tensor of a file is a running statistic that is rebuilt when it is loaded. */
    private static boolean isRebuilt(Parameter parameter, FrqEntry tensor) {
        return RunningStatistic.isOne(parameter)
                && FrequencyAxes.OWN.equals(tensor.axes())
                && tensor.shape().dimension() == 1;
    }

    private static float[] rebuilt(FrqEntry tensor) {
        return RunningStatistic.rebuild(tensor.values(), Math.toIntExact(tensor.shape().size()));
    }

    /** Whether float16 holds values to 2^-11 of the largest of them. */
    static boolean fitsHalf(float[] values) {
        float most = maxOf(values);
        return most == 0 || most >= MIN_HALF && most <= MAX_HALF;
    }

    static float maxOf(float[] values) {
        float most = 0;
        for (float value : values) {
            most = Math.max(most, Math.abs(value));
        }
        return most;
    }

    static float[] values(Map.Entry<String, Parameter> entry) {
        NDArray array = entry.getValue().getArray();
        if (!array.getDataType().isFloating()) {
            throw new IllegalArgumentException(
                    "A .frq file stores floating point numbers but parameter "
                            + entry.getKey()
                            + " is "
                            + array.getDataType());
        }
        try (NDArray detached = array.stopGradient();
                NDArray floats = detached.toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }

    private static Block load(Block block, NDManager manager, DataType type, FrqDocument document)
            throws MalformedModelException {
        Map<String, FrqEntry> tensors;
        Set<Parameter> readOnly;
        // Before anything is changed or allocated for a file that does not fit.
        Set<String> names = BlockTree.parameters(block).keySet();
        if (document.isNamed()) {
            checkNames(names, byName(document).keySet());
        }
        TransposedLayers layers = null;
        Block runnable = block;
        if (!block.isInitialized() && document.entries().stream().anyMatch(FrqEntry::spectral)) {
            // As when the saved network was wrapped.
            layers = new TransposedLayers(block);
            runnable = layers.getNetwork();
        }
        LoadTarget target = new LoadTarget(runnable);
        Block wrapped = runnable;
        try {
            initialize(target, manager, type, document.inputs());
            tensors = byName(document.withNames(shapes(runnable)));
            readOnly = BlockTree.readOnlyParameters(runnable);
            checkTensors(runnable, tensors, readOnly);
            wrapped = wrap(runnable, tensors);
        } catch (MalformedModelException | RuntimeException e) {
            target.undo();
            if (layers != null) {
                layers.undo();
            }
            throw e;
        } finally {
            target.putInitializers(wrapped);
        }
        if (layers != null) {
            layers.clearOld();
        }
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(wrapped);
        for (Map.Entry<String, Parameter> entry : BlockTree.parameters(wrapped).entrySet()) {
            FrqEntry tensor = tensors.get(entry.getKey());
            SpectralParameter coefficients = spectral.get(entry.getValue());
            if (readOnly.contains(entry.getValue())) {
                logger.debug("{} has the values of the file already", entry.getKey());
            } else if (coefficients == null) {
                fill(target, entry.getValue(), tensor);
            } else {
                coefficients.fromTensor(toFrequency(tensor));
            }
        }
        return wrapped;
    }

    private static Map<String, FrqEntry> byName(FrqDocument document) {
        Map<String, FrqEntry> tensors = new LinkedHashMap<>();
        document.entries().forEach(tensor -> tensors.put(tensor.name(), tensor));
        return tensors;
    }

    /** The names and shapes of a network's parameters. */
    static Map<String, Shape> shapes(Block block) {
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(block);
        Map<String, Shape> shapes = new LinkedHashMap<>();
        BlockTree.parameters(block)
                .forEach(
                        (name, parameter) -> {
                            Shape shape = shapeOf(parameter, spectral.get(parameter));
                            shapes.put(name, new Shape(shape.getShape()));
                        });
        return shapes;
    }

    /** The shape of a tensor in the network; its coefficients are null where it has none. */
    private static Shape shapeOf(Parameter parameter, SpectralParameter tensor) {
        return tensor != null ? tensor.getShape() : BlockTree.shapeOf(parameter);
    }

    private static void initialize(
            LoadTarget target, NDManager manager, DataType type, List<Shape> inputs)
            throws MalformedModelException {
        try {
            target.initialize(manager, type, inputs.toArray(new Shape[0]));
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(e.getMessage(), e);
        }
    }

    private static FrequencyTensor toFrequency(FrqEntry tensor) {
        return new FrequencyTensor(
                tensor.axes().mask(tensor.shape(), tensor.values().length), tensor.values());
    }

    private static void fill(LoadTarget target, Parameter parameter, FrqEntry tensor) {
        NDManager manager = parameter.getArray().getManager();
        float[] elements = tensor.spectral() ? rebuilt(tensor) : tensor.values();
        try (NDArray values = manager.create(elements, tensor.shape())) {
            target.fill(parameter, values);
        }
    }

    private static void checkNames(Set<String> network, Set<String> file)
            throws MalformedModelException {
        if (!List.copyOf(network).equals(List.copyOf(file))) {
            List<String> missing = network.stream().filter(n -> !file.contains(n)).toList();
            List<String> unknown = file.stream().filter(n -> !network.contains(n)).toList();
            throw new MalformedModelException(
                    "expected the "
                            + network.size()
                            + " tensors of the network but found "
                            + file.size()
                            + "; missing "
                            + few(missing)
                            + ", unknown "
                            + few(unknown)
                            + (missing.isEmpty() && unknown.isEmpty() ? ", in another order" : ""));
        }
    }

    /** The first of many names say enough. */
    private static String few(List<String> names) {
        int more = names.size() - FEW;
        return more <= 0 ? names.toString() : names.subList(0, FEW) + " and " + more + " more";
    }

    private static void checkTensors(
            Block block, Map<String, FrqEntry> tensors, Set<Parameter> readOnly)
            throws MalformedModelException {
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(block);
        for (Map.Entry<String, Parameter> entry : BlockTree.parameters(block).entrySet()) {
            SpectralParameter target = spectral.get(entry.getValue());
            Shape shape = shapeOf(entry.getValue(), target);
            FrqEntry tensor = tensors.get(entry.getKey());
            if (!Arrays.equals(shape.getShape(), tensor.shape().getShape())) {
                throw new MalformedModelException(
                        "expected tensor "
                                + entry.getKey()
                                + " of shape "
                                + shape
                                + " but found "
                                + tensor.shape());
            }
            if (readOnly.contains(entry.getValue())) {
                checkEqual(entry, tensor);
                continue;
            }
            boolean isRebuilt = isRebuilt(entry.getValue(), tensor);
            if (isRebuilt && !Float.isFinite(maxOf(rebuilt(tensor)))) {
                throw new MalformedModelException(
                        "expected coefficients of finite numbers in tensor "
                                + entry.getKey()
                                + " but they pass the largest float32");
            }
            if (target != null && !tensor.spectral()) {
                throw new MalformedModelException(
                        "expected coefficients of tensor "
                                + entry.getKey()
                                + ", which is wrapped, but found the tensor itself");
            }
            if (target != null && !target.getAxes().equals(tensor.axes())) {
                throw new MalformedModelException(
                        "expected coefficients of tensor "
                                + entry.getKey()
                                + " along "
                                + target.getAxes().describe(shape)
                                + " but found them along "
                                + tensor.axes().describe(tensor.shape()));
            }
        }
    }

    /** What cannot be written to has to have the file's values, as far as these are exact. */
    private static void checkEqual(Map.Entry<String, Parameter> entry, FrqEntry tensor)
            throws MalformedModelException {
        float[] own = values(entry);
        Precision precision = tensor.precision();
        float allowed =
                precision.step() > 0
                        ? precision.step() / 2
                        : precision == Precision.FLOAT16 ? 0x1p-11f * maxOf(own) : 0;
        boolean equal = !tensor.spectral() && own.length == tensor.values().length;
        for (int i = 0; equal && i < own.length; i++) {
            equal = Math.abs(own[i] - tensor.values()[i]) <= allowed * (1 + 0x1p-20f);
        }
        if (!equal) {
            throw new MalformedModelException(
                    "expected the values that "
                            + entry.getKey()
                            + " has but found others, and those of a symbol block that was loaded"
                            + " for inference cannot be changed: load it with the option"
                            + " trainParam=true");
        }
    }

    /** Wraps the tensors that the file holds as coefficients and the network does not. */
    private static Block wrap(Block block, Map<String, FrqEntry> tensors)
            throws MalformedModelException {
        Map<String, Parameter> parameters = BlockTree.parameters(block);
        Map<String, FrqEntry> kept =
                tensors.values().stream()
                        .filter(FrqEntry::spectral)
                        .filter(t -> !isRebuilt(parameters.get(t.name()), t))
                        .collect(Collectors.toMap(FrqEntry::name, t -> t));
        Map<Parameter, SpectralParameter> wrapped = BlockTree.spectralParameters(block);
        kept.keySet().removeIf(name -> wrapped.containsKey(parameters.get(name)));
        if (kept.isEmpty()) {
            return block;
        }
        FrequencyRegularization.Builder policy =
                FrequencyRegularization.builder()
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(Parameter.Type.values())
                        .optInclude(
                                kept.keySet().stream()
                                        .map(Pattern::quote)
                                        .collect(Collectors.joining("|", "^(", ")$")));
        kept.forEach(
                (name, tensor) -> {
                    String exactly = "^" + Pattern.quote(name) + "$";
                    policy.addOverrideKept(exactly, tensor.values().length);
                    policy.addAxes(exactly, tensor.axes());
                });
        FrequencyRegularization exact = policy.build();
        Set<String> refused = new TreeSet<>(kept.keySet());
        for (TensorChoice choice : exact.plan(block)) {
            if (choice.regularized()) {
                refused.remove(choice.name());
            }
        }
        if (!refused.isEmpty()) {
            throw new MalformedModelException(
                    "found coefficients of tensors that cannot be wrapped: " + refused);
        }
        return exact.apply(block);
    }
}
