package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A training as it stands at the end of an epoch: the network's numbers, the optimiser's moments,
 * how far it has come, and the settings that it was given.
 *
 * <pre>
 * Map&lt;String, String&gt; settings = Map.of("seed", "1", "batch size", "32");
 * Checkpoint.save(model, adam, epoch, settings, file); // after each epoch
 * …                                                     // in another process, before the trainer:
 * Checkpoint.readSettings(file).equals(settings);       // or it would be another training
 * int done = Checkpoint.load(model, adam, file);
 * </pre>
 *
 * <p>What a setting means is the caller's to say: a checkpoint keeps names and values, and compares
 * nothing. Each is the name of a tensor without elements, {@code setting/NAME=VALUE}, in the order
 * of the names.
 *
 * <p>A training that is resumed ends as one that was not interrupted, to the bit, where all it
 * draws in an epoch depends on the epoch's number alone. Numbers are float32. The file is a {@code
 * .frq} file, written whole or not at all; see {@link io.github.freqreg.format}.
 */
public final class Checkpoint {

    private static final String OPTIMIZER = "optimizer/";
    private static final String STEP = "step/";
    private static final String SETTING = "setting/";
    private static final char EQUALS = '=';
    private static final String PROGRESS = "progress";

    /** The epochs, and the steps in two numbers. */
    private static final int PROGRESS_NUMBERS = 3;

    /** Steps are stored as two numbers, each exact in float32. */
    private static final int RADIX = 1 << 20;

    /** What epochs and the two numbers of the steps are below; these are then an int. */
    private static final int[] MOST = {1 << 24, 1 << 11, RADIX};

    private static final Shape NO_ELEMENTS = new Shape(0);

    private Checkpoint() {}

    /**
     * Saves a training.
     *
     * @param model the model that is trained
     * @param optimizer its optimiser
     * @param epochs the epochs that are done
     * @param file the path; a file that is there is replaced
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalArgumentException if a number is not finite, or there are more than about 89
     *     million, whose moments would make the file larger than 1 GiB
     */
    public static void save(Model model, ResumableOptimizer optimizer, int epochs, Path file)
            throws IOException {
        save(model, optimizer, epochs, Map.of(), file);
    }

    /**
     * Saves a training with its settings.
     *
     * @param model the model that is trained
     * @param optimizer its optimiser
     * @param epochs the epochs that are done
     * @param settings values by name, to be compared by whoever resumes; a name is not empty and
     *     has no {@code =}, and name and value together have at most 1,015 bytes of UTF-8
     * @param file the path; a file that is there is replaced
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalArgumentException if a number is not finite, there are more than about 89
     *     million, whose moments would make the file larger than 1 GiB, or a setting does not fit
     */
    public static void save(
            Model model,
            ResumableOptimizer optimizer,
            int epochs,
            Map<String, String> settings,
            Path file)
            throws IOException {
        FrqDocument network = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32);
        List<FrqEntry> tensors = new ArrayList<>(network.entries());
        Map<String, Parameter> parameters = FrequencyFile.parameters(model.getBlock());
        for (FrqEntry tensor : network.entries()) {
            // Of a truncated tensor the tail is not kept, and neither are its moments.
            int kept = tensor.values().length;
            optimizer
                    .getMoments(parameters.get(tensor.name()))
                    .forEach(
                            (name, values) ->
                                    tensors.add(vector(moment(name, tensor.name()), values, kept)));
        }
        Quantization.appliedTo(model.getBlock())
                .getSteps()
                .forEach(
                        (name, step) -> {
                            if (step > 0) {
                                tensors.add(vector(STEP + name, new float[] {step}, 1));
                            }
                        });
        int steps = optimizer.getUpdates();
        tensors.add(
                vector(
                        PROGRESS,
                        new float[] {epochs, steps / RADIX, steps % RADIX},
                        PROGRESS_NUMBERS));
        new TreeMap<>(settings).forEach((name, value) -> tensors.add(setting(name, value)));
        new FrqDocument(network.inputs(), tensors).write(file);
    }

    private static String moment(String name, String tensor) {
        return OPTIMIZER + name + "/" + tensor;
    }

    private static FrqEntry setting(String name, String value) {
        if (name.isEmpty() || name.indexOf(EQUALS) >= 0) {
            throw new IllegalArgumentException(
                    "The name of a setting must be a text without = but is '" + name + "'");
        }
        return vector(SETTING + name + EQUALS + value, new float[0], 0);
    }

    private static FrqEntry vector(String name, float[] values, int count) {
        return new FrqEntry(
                name, new Shape(count), null, Precision.FLOAT32, Arrays.copyOf(values, count));
    }

    /**
     * Reads the settings of a training, to compare them with those that it is to go on with.
     *
     * @param file the path
     * @return the values by name; none if it was saved without
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged or no checkpoint
     */
    public static Map<String, String> readSettings(Path file)
            throws IOException, MalformedModelException {
        Map<String, String> settings = new TreeMap<>();
        for (FrqEntry tensor : read(file).entries()) {
            if (tensor.name().startsWith(SETTING)) {
                String text = tensor.name().substring(SETTING.length());
                int end = text.indexOf(EQUALS);
                boolean sound = end > 0 && tensor.shape().equals(NO_ELEMENTS);
                if (!sound
                        || settings.put(text.substring(0, end), text.substring(end + 1)) != null) {
                    throw new MalformedModelException(
                            file
                                    + ": expected a setting once, as NAME=VALUE without numbers, but"
                                    + " found "
                                    + text
                                    + " of shape "
                                    + tensor.shape());
                }
            }
        }
        return settings;
    }

    /** A document that is a checkpoint's. */
    private static FrqDocument read(Path file) throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        if (!document.isNamed()) {
            throw new MalformedModelException(
                    file + ": expected a checkpoint but found a file without names");
        }
        for (FrqEntry tensor : document.entries()) {
            if (tensor.name().equals(PROGRESS)) {
                checkProgress(file, tensor.values());
                return document;
            }
        }
        throw new MalformedModelException(
                file + ": expected a checkpoint but found the numbers of a network alone");
    }

    private static void checkProgress(Path file, float[] values) throws MalformedModelException {
        boolean sound = values.length == PROGRESS_NUMBERS;
        for (int i = 0; sound && i < PROGRESS_NUMBERS; i++) {
            sound = values[i] >= 0 && values[i] < MOST[i] && values[i] == Math.rint(values[i]);
        }
        if (!sound) {
            throw new MalformedModelException(
                    file
                            + ": expected epochs and steps, whole numbers below "
                            + Arrays.toString(MOST)
                            + ", but found "
                            + Arrays.toString(values));
        }
    }

    /**
     * Loads a training, to go on with it.
     *
     * @param model a model of the structure that was saved, wrapped by the same policy, without a
     *     trainer
     * @param optimizer an optimiser as the one that was saved
     * @param file the path
     * @return the epochs that are done
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged, no checkpoint, or of another
     *     structure; the model is unchanged
     */
    public static int load(Model model, ResumableOptimizer optimizer, Path file)
            throws IOException, MalformedModelException {
        FrqDocument document = read(file);
        Map<String, FrqEntry> state = new HashMap<>();
        List<FrqEntry> network = new ArrayList<>();
        Map<String, Float> steps = new HashMap<>();
        for (FrqEntry tensor : document.entries()) {
            if (tensor.name().startsWith(STEP) && tensor.values().length == 1) {
                steps.put(tensor.name().substring(STEP.length()), tensor.values()[0]);
            } else if (tensor.name().startsWith(OPTIMIZER) || tensor.name().equals(PROGRESS)) {
                state.put(tensor.name(), tensor);
            } else if (!tensor.name().startsWith(SETTING)) {
                network.add(tensor);
            }
        }
        checkMoments(file, network, state, optimizer);
        Quantization rounding = rounding(file, network, steps);
        try {
            FrequencyFile.load(model, new FrqDocument(document.inputs(), network));
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
        rounding.applyTo(model.getBlock());
        Map<Parameter, Map<String, float[]>> moments = new IdentityHashMap<>();
        Map<String, Parameter> parameters = FrequencyFile.parameters(model.getBlock());
        for (FrqEntry tensor : network) {
            Map<String, float[]> byName = new HashMap<>();
            for (String name : optimizer.getNames()) {
                FrqEntry found = state.get(moment(name, tensor.name()));
                if (found != null) {
                    byName.put(name, found.values());
                }
            }
            moments.put(parameters.get(tensor.name()), byName);
        }
        float[] values = state.get(PROGRESS).values();
        optimizer.resume((int) values[1] * RADIX + (int) values[2], moments);
        return (int) values[0];
    }

    /** The steps of all tensors that are coefficients, 0 where none was saved. */
    private static Quantization rounding(
            Path file, List<FrqEntry> network, Map<String, Float> saved)
            throws MalformedModelException {
        Map<String, Float> steps = new HashMap<>();
        for (FrqEntry tensor : network) {
            if (tensor.spectral()) {
                steps.put(tensor.name(), saved.getOrDefault(tensor.name(), 0f));
            }
        }
        if (!steps.keySet().containsAll(saved.keySet())) {
            throw new MalformedModelException(
                    file + ": expected steps of coefficients alone but found " + saved.keySet());
        }
        try {
            return Quantization.of(steps);
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /** All the moments of the optimiser and no others, of each tensor that was updated. */
    private static void checkMoments(
            Path file,
            List<FrqEntry> network,
            Map<String, FrqEntry> state,
            ResumableOptimizer optimizer)
            throws MalformedModelException {
        List<String> names = optimizer.getNames();
        Set<String> left = new TreeSet<>(state.keySet());
        left.remove(PROGRESS);
        int updated = 0;
        for (FrqEntry tensor : network) {
            int found = 0;
            for (String name : names) {
                FrqEntry moment = state.get(moment(name, tensor.name()));
                if (moment == null) {
                    continue;
                }
                found++;
                left.remove(moment.name());
                if (moment.values().length != tensor.values().length) {
                    throw new MalformedModelException(
                            String.format(
                                    Locale.ROOT,
                                    "%s: expected %d numbers in %s but found %d",
                                    file,
                                    tensor.values().length,
                                    moment.name(),
                                    moment.values().length));
                }
            }
            if (found > 0 && found < names.size()) {
                left.add("those of " + tensor.name() + " in part");
            }
            updated += found;
        }
        float[] progress = state.get(PROGRESS).values();
        boolean begun = progress[1] + progress[2] > 0;
        if (!left.isEmpty() || begun && updated == 0 && !names.isEmpty()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "%s: expected the moments %s of %s but found %s",
                            file,
                            names,
                            optimizer.getClass().getSimpleName(),
                            left.isEmpty() ? "none" : left));
        }
    }
}
