package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The content of a checkpoint file, apart from any model: a {@code .frq} document with these
 * tensors, in this order.
 *
 * <table>
 *   <caption>Tensors of a checkpoint</caption>
 *   <tr><th>name</th><th>values</th></tr>
 *   <tr><td>NAME</td><td>a parameter of the network</td></tr>
 *   <tr><td>optimizer/MOMENT/NAME</td><td>a moment of that parameter</td></tr>
 *   <tr><td>step/NAME</td><td>its quantisation step, if it has one</td></tr>
 *   <tr><td>progress</td><td>the epochs, then the updates in two numbers of base 2^20</td></tr>
 *   <tr><td>setting/NAME=VALUE</td><td>none</td></tr>
 * </table>
 *
 * @param network the parameters of the network
 * @param moments the moments by the name of their tensor in the file
 * @param steps the quantisation steps by the name of the parameter
 * @param epochs the completed epochs
 * @param updates the number of updates of the optimiser
 * @param settings the settings by name
 */
record CheckpointContent(
        FrqDocument network,
        Map<String, float[]> moments,
        Map<String, Float> steps,
        int epochs,
        int updates,
        Map<String, String> settings) {

    private static final String OPTIMIZER = "optimizer/";
    private static final String STEP = "step/";
    private static final String SETTING = "setting/";
    private static final char EQUALS = '=';
    private static final String PROGRESS = "progress";

    /** The base of the two numbers for the updates, each exact in float32. */
    private static final int RADIX = 1 << 20;

    /** The exclusive bounds of the progress numbers, so that epochs and updates are ints. */
    private static final int[] PROGRESS_BOUNDS = {1 << 24, 1 << 11, RADIX};

    private static final Shape NO_ELEMENTS = new Shape(0);

    /** Returns the name of the tensor of a moment. */
    static String momentName(String moment, String parameter) {
        return OPTIMIZER + moment + "/" + parameter;
    }

    /**
     * Encodes the content.
     *
     * @throws IllegalArgumentException if the name of a setting is empty or contains {@code =}
     */
    FrqDocument encode() {
        List<FrqEntry> tensors = new ArrayList<>(network.entries());
        moments.forEach((name, values) -> tensors.add(vector(name, values)));
        steps.forEach((name, step) -> tensors.add(vector(STEP + name, step)));
        tensors.add(vector(PROGRESS, epochs, Math.floorDiv(updates, RADIX), updates % RADIX));
        new TreeMap<>(settings).forEach((name, value) -> tensors.add(setting(name, value)));
        return new FrqDocument(network.inputs(), tensors);
    }

    private static FrqEntry setting(String name, String value) {
        if (name.isEmpty() || name.indexOf(EQUALS) >= 0) {
            throw new IllegalArgumentException(
                    "The name of a setting must not be empty or contain = but is '" + name + "'");
        }
        return vector(SETTING + name + EQUALS + value);
    }

    private static FrqEntry vector(String name, float... values) {
        return new FrqEntry(name, new Shape(values.length), null, Precision.FLOAT32, values);
    }

    /**
     * Decodes a document.
     *
     * @throws MalformedModelException if the document is not a checkpoint, or its progress or a
     *     setting is malformed
     */
    static CheckpointContent decode(FrqDocument document) throws MalformedModelException {
        if (!document.isNamed()) {
            throw new MalformedModelException(
                    "expected a checkpoint but found a file without names");
        }
        List<FrqEntry> network = new ArrayList<>();
        Map<String, float[]> moments = new LinkedHashMap<>();
        Map<String, Float> steps = new LinkedHashMap<>();
        Optional<float[]> progress = Optional.empty();
        List<FrqEntry> settings = new ArrayList<>();
        for (FrqEntry tensor : document.entries()) {
            String name = tensor.name();
            if (name.equals(PROGRESS)) {
                progress = Optional.of(tensor.values());
            } else if (name.startsWith(STEP) && tensor.values().length == 1) {
                steps.put(name.substring(STEP.length()), tensor.values()[0]);
            } else if (name.startsWith(OPTIMIZER)) {
                moments.put(name, tensor.values());
            } else if (name.startsWith(SETTING)) {
                settings.add(tensor);
            } else {
                network.add(tensor);
            }
        }
        float[] numbers = checkProgress(progress);
        return new CheckpointContent(
                new FrqDocument(document.inputs(), network),
                moments,
                steps,
                (int) numbers[0],
                ((int) numbers[1]) * RADIX + (int) numbers[2],
                decodeSettings(settings));
    }

    private static float[] checkProgress(Optional<float[]> progress)
            throws MalformedModelException {
        if (progress.isEmpty()) {
            throw new MalformedModelException(
                    "expected a checkpoint but found the numbers of a network alone");
        }
        float[] values = progress.get();
        boolean valid = values.length == PROGRESS_BOUNDS.length;
        for (int i = 0; valid && i < values.length; i++) {
            valid =
                    values[i] >= 0
                            && values[i] < PROGRESS_BOUNDS[i]
                            && values[i] == Math.rint(values[i]);
        }
        if (!valid) {
            throw new MalformedModelException(
                    "expected epochs and updates, whole numbers below "
                            + Arrays.toString(PROGRESS_BOUNDS)
                            + ", but found "
                            + Arrays.toString(values));
        }
        return values;
    }

    private static Map<String, String> decodeSettings(List<FrqEntry> tensors)
            throws MalformedModelException {
        Map<String, String> settings = new TreeMap<>();
        for (FrqEntry tensor : tensors) {
            String text = tensor.name().substring(SETTING.length());
            int end = text.indexOf(EQUALS);
            boolean valid = end > 0 && tensor.shape().equals(NO_ELEMENTS);
            if (!valid || settings.put(text.substring(0, end), text.substring(end + 1)) != null) {
                throw new MalformedModelException(
                        "expected each setting once, as an empty tensor named NAME=VALUE, but found "
                                + text
                                + " of shape "
                                + tensor.shape());
            }
        }
        return settings;
    }
}
