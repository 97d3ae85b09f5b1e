package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.block.TransposedLayers;
import io.github.freqreg.block.TrialInitialization;
import io.github.freqreg.block.Wrapping;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the content of a {@code .frq} file into a network. The file is checked completely first; if
 * it does not fit, everything that the checks have changed in the network is undone.
 */
final class NetworkReader {

    private static final Logger logger = LoggerFactory.getLogger(NetworkReader.class);

    /** How many names a message lists. */
    private static final int FEW = 6;

    private final NDManager manager;
    private final DataType type;

    /**
     * Prepares to load.
     *
     * @param manager of the arrays of a network that is not initialised
     * @param type of these arrays
     */
    NetworkReader(NDManager manager, DataType type) {
        this.manager = manager;
        this.type = type;
    }

    /**
     * Loads a network.
     *
     * @param document the content of a file
     * @param block the network, plain or wrapped, initialised or not
     * @return the network to use from now on
     * @throws MalformedModelException if the content is not that of such a network, which is then
     *     unchanged
     */
    Block read(FrqDocument document, Block block) throws MalformedModelException {
        try {
            return readInto(block, document);
        } catch (MalformedModelException e) {
            String hint = ShownStatistics.hint(document, NetworkTensors.of(block));
            throw hint.isEmpty() ? e : new MalformedModelException(e.getMessage() + hint, e);
        }
    }

    private Block readInto(Block block, FrqDocument document) throws MalformedModelException {
        // Before anything is changed or allocated for a file that does not fit.
        Set<String> names = NetworkTensors.byName(block).keySet();
        if (document.isNamed()) {
            checkNames(names, byName(document).keySet());
        }
        Optional<TransposedLayers> layers =
                document.entries().stream().anyMatch(FrqEntry::spectral)
                        ? Optional.of(new TransposedLayers(block))
                        : Optional.empty();
        Block network = layers.map(TransposedLayers::getNetwork).orElse(block);
        // Its constructor fails only for equal names, which the list of names has excluded.
        TrialInitialization trial = new TrialInitialization(network);
        Block wrapped = network;
        Map<String, FrqEntry> entries;
        Map<String, float[]> statistics;
        Set<String> readOnly;
        try {
            initialize(trial, document.inputs());
            Map<String, NetworkTensor> tensors = NetworkTensors.byName(network);
            entries = byName(document.withNames(shapes(tensors)));
            readOnly =
                    tensors.values().stream()
                            .filter(tensor -> !tensor.isWritable())
                            .map(NetworkTensor::name)
                            .collect(Collectors.toSet());
            check(tensors, entries, readOnly);
            statistics = statistics(tensors, entries);
            wrapped = wrap(network, tensors, entries, layers);
        } catch (MalformedModelException | RuntimeException e) {
            trial.undo();
            layers.ifPresent(TransposedLayers::undo);
            throw e;
        } finally {
            trial.putInitializers(wrapped);
        }
        layers.ifPresent(TransposedLayers::clearOld);
        for (NetworkTensor tensor : NetworkTensors.of(wrapped)) {
            FrqEntry entry = entryOf(tensor, entries);
            if (readOnly.contains(tensor.name())) {
                logger.debug("{} has the values of the file already", tensor.name());
            } else {
                tensor.spectral()
                        .ifPresentOrElse(
                                spectral -> set(spectral, entry),
                                () -> fill(trial, tensor, entry, statistics));
            }
        }
        return wrapped;
    }

    /** Sets the coefficients of a wrapped tensor; the file's axes take the place of its own. */
    private static void set(SpectralParameter spectral, FrqEntry entry) {
        if (!spectral.getAxes().equals(entry.axes())) {
            spectral.setAxes(entry.axes());
        }
        spectral.setValues(entry.values());
    }

    private static Map<String, FrqEntry> byName(FrqDocument document) {
        Map<String, FrqEntry> entries = new LinkedHashMap<>();
        document.entries().forEach(entry -> entries.put(entry.name(), entry));
        return entries;
    }

    /** Returns the shape of each tensor by name, without names of axes. */
    static Map<String, Shape> shapes(Map<String, NetworkTensor> tensors) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.forEach(
                (name, tensor) -> shapes.put(name, new Shape(tensor.knownShape().getShape())));
        return shapes;
    }

    /** Returns the entry of a tensor, whose name was checked. */
    private static FrqEntry entryOf(NetworkTensor tensor, Map<String, FrqEntry> entries) {
        return Objects.requireNonNull(entries.get(tensor.name()));
    }

    private void initialize(TrialInitialization trial, List<Shape> inputs)
            throws MalformedModelException {
        try {
            trial.initialize(manager, type, inputs.toArray(new Shape[0]));
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(e.getMessage(), e);
        }
    }

    /** Returns whether an entry is a running statistic that is stored as few coefficients. */
    private static boolean isStatistic(NetworkTensor tensor, FrqEntry entry) {
        return tensor.isRunningStatistic()
                && entry.spectral()
                && FrequencyAxes.OWN.equals(entry.axes())
                && entry.shape().dimension() == 1;
    }

    /** Rebuilds the elements of the running statistics that are stored as few coefficients. */
    private static Map<String, float[]> statistics(
            Map<String, NetworkTensor> tensors, Map<String, FrqEntry> entries)
            throws MalformedModelException {
        Map<String, float[]> statistics = new HashMap<>();
        for (NetworkTensor tensor : tensors.values()) {
            FrqEntry entry = entryOf(tensor, entries);
            if (isStatistic(tensor, entry)) {
                int size = Math.toIntExact(entry.shape().size());
                float[] elements = RunningStatistic.rebuild(entry.values(), size);
                if (!Float.isFinite(Float16Range.largest(elements))) {
                    throw new MalformedModelException(
                            "expected coefficients of finite numbers in tensor "
                                    + tensor.name()
                                    + " but they pass the largest float32");
                }
                statistics.put(tensor.name(), elements);
            }
        }
        return statistics;
    }

    private static void fill(
            TrialInitialization trial,
            NetworkTensor tensor,
            FrqEntry entry,
            Map<String, float[]> statistics) {
        NDManager owner = tensor.parameter().getArray().getManager();
        float[] elements = statistics.getOrDefault(tensor.name(), entry.values());
        try (NDArray values = owner.create(elements, entry.shape())) {
            trial.fill(tensor.parameter(), values);
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

    private static String few(List<String> names) {
        int more = names.size() - FEW;
        return more <= 0 ? names.toString() : names.subList(0, FEW) + " and " + more + " more";
    }

    private static void check(
            Map<String, NetworkTensor> tensors, Map<String, FrqEntry> entries, Set<String> readOnly)
            throws MalformedModelException {
        for (NetworkTensor tensor : tensors.values()) {
            FrqEntry entry = entryOf(tensor, entries);
            Shape shape = tensor.knownShape();
            if (!Arrays.equals(shape.getShape(), entry.shape().getShape())) {
                throw new MalformedModelException(
                        "expected tensor "
                                + tensor.name()
                                + " of shape "
                                + shape
                                + " but found "
                                + entry.shape());
            }
            if (readOnly.contains(tensor.name())) {
                checkEqual(tensor, entry);
            } else if (tensor.spectral().isPresent()) {
                checkSpectral(tensor, entry);
            }
        }
    }

    private static void checkSpectral(NetworkTensor tensor, FrqEntry entry)
            throws MalformedModelException {
        if (!entry.spectral()) {
            throw new MalformedModelException(
                    "expected coefficients of tensor "
                            + tensor.name()
                            + ", which is wrapped, but found the tensor itself");
        }
    }

    /** Checks that a tensor that cannot be written to has the values of the file. */
    private static void checkEqual(NetworkTensor tensor, FrqEntry entry)
            throws MalformedModelException {
        float[] own = TensorElements.of(tensor);
        Precision precision = entry.precision();
        float allowed =
                precision.step() > 0
                        ? precision.step() / 2
                        : precision.equals(Precision.FLOAT16)
                                ? 0x1p-11f * Float16Range.largest(own)
                                : 0;
        boolean equal = !entry.spectral() && own.length == entry.values().length;
        for (int i = 0; equal && i < own.length; i++) {
            equal = Math.abs(own[i] - entry.values()[i]) <= allowed * (1 + 0x1p-20f);
        }
        if (!equal) {
            throw new MalformedModelException(
                    "expected the values that "
                            + tensor.name()
                            + " has but found others, and those of a symbol block that was loaded"
                            + " for inference cannot be changed: load it with the option"
                            + " trainParam=true");
        }
    }

    /** Wraps the tensors that the file holds as coefficients and the network does not. */
    private static Block wrap(
            Block block,
            Map<String, NetworkTensor> tensors,
            Map<String, FrqEntry> entries,
            Optional<TransposedLayers> layers)
            throws MalformedModelException {
        Map<String, TensorSpec.Rule> rules = new HashMap<>();
        Set<String> refused = new TreeSet<>();
        for (NetworkTensor tensor : tensors.values()) {
            FrqEntry entry = entryOf(tensor, entries);
            if (!entry.spectral() || tensor.spectral().isPresent() || isStatistic(tensor, entry)) {
                continue;
            }
            if (tensor.obstacle().isPresent() || tensor.transformObstacle().isPresent()) {
                refused.add(tensor.name());
            }
            TensorSpec spec = TensorSpec.fixed(entry.values().length, entry.axes());
            rules.put(tensor.name(), shape -> spec);
        }
        if (!refused.isEmpty()) {
            throw new MalformedModelException(
                    "found coefficients of tensors that cannot be wrapped: " + refused);
        }
        if (rules.isEmpty()) {
            return block;
        }
        layers.ifPresent(TransposedLayers::checkNoneLeft);
        logger.debug("Wraps {} of {} tensors", rules.size(), tensors.size());
        return new Wrapping(block, List.copyOf(tensors.values()), rules.keySet())
                .wrap(rules, Map.of(), Strategy.getDefault(), false);
    }
}
