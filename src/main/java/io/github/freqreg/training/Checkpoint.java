package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The state of a training at the end of an epoch: the parameters of the network, the moments of the
 * optimiser, the progress, and the settings of the training.
 *
 * <pre>
 * Map&lt;String, String&gt; settings = Map.of("seed", "1", "batch size", "32");
 * Checkpoint.save(model, adam, epoch, settings, file);  // after each epoch
 * …
 * Checkpoint checkpoint = Checkpoint.read(file);         // in another process
 * if (checkpoint.settings().equals(settings)) {
 *     int epochs = checkpoint.load(model, adam);         // before the trainer is created
 * }
 * </pre>
 *
 * <p>A checkpoint stores settings as names and values and attaches no meaning to them; the caller
 * compares them.
 *
 * <p>A resumed training gives the same result, bit for bit, as one that was not interrupted, if the
 * random numbers of an epoch depend only on its number and it trains on the device of the model.
 * Numbers are stored as float32. The file is a {@code .frq} file (see {@link
 * io.github.freqreg.format}) and is replaced atomically.
 *
 * <p>Of parameters that hold one array and are not wrapped, which DJL updates once each, only the
 * moments of the first are stored; the others begin at 0 again.
 *
 * <p>Wrap the network of a resumed training by the same policy before loading: what a policy sets
 * beside the numbers, such as folding, is not stored.
 *
 * <p>An instance holds the parameters and moments in memory; discard it after loading.
 */
public final class Checkpoint {

    private final Path file;
    private final CheckpointContent content;

    private Checkpoint(Path file, CheckpointContent content) {
        this.file = file;
        this.content = content;
    }

    /**
     * Saves a training without settings.
     *
     * @param model the model
     * @param optimizer its optimiser
     * @param epochs the number of completed epochs
     * @param file the path; an existing file is replaced
     * @throws IOException if the file cannot be written; an existing file is then unchanged
     * @throws IllegalArgumentException if a number is not finite, or if there are more than about
     *     89 million, which with their moments would exceed 1 GiB
     */
    public static void save(Model model, ResumableOptimizer optimizer, int epochs, Path file)
            throws IOException {
        save(model, optimizer, epochs, Map.of(), file);
    }

    /**
     * Saves a training.
     *
     * @param model the model
     * @param optimizer its optimiser
     * @param epochs the number of completed epochs
     * @param settings values by name; a name is not empty and contains no {@code =}, and name and
     *     value together have at most 1,015 bytes in UTF-8
     * @param file the path; an existing file is replaced
     * @throws IOException if the file cannot be written; an existing file is then unchanged
     * @throws IllegalArgumentException if a number is not finite, if there are more than about 89
     *     million, which with their moments would exceed 1 GiB, or if a setting is invalid
     */
    public static void save(
            Model model,
            ResumableOptimizer optimizer,
            int epochs,
            Map<String, String> settings,
            Path file)
            throws IOException {
        Block block = model.getBlock();
        FrqDocument network = FrequencyFile.toDocument(block, DataType.FLOAT32);
        new CheckpointContent(
                        network,
                        moments(block, network, optimizer),
                        steps(block),
                        epochs,
                        optimizer.getUpdates(),
                        settings)
                .encode()
                .write(file);
    }

    /** Returns the moments of all parameters, without those of truncated coefficients. */
    private static Map<String, float[]> moments(
            Block block, FrqDocument network, ResumableOptimizer optimizer) {
        Map<String, Parameter> parameters = FrequencyBlocks.parameters(block);
        Map<String, float[]> moments = new LinkedHashMap<>();
        for (FrqEntry tensor : network.entries()) {
            int kept = tensor.values().length;
            optimizer
                    .getMoments(Objects.requireNonNull(parameters.get(tensor.name())))
                    .forEach(
                            (name, values) ->
                                    moments.put(
                                            CheckpointContent.momentName(name, tensor.name()),
                                            Arrays.copyOf(values, kept)));
        }
        return moments;
    }

    private static Map<String, Float> steps(Block block) {
        Map<String, Float> steps = new TreeMap<>(Quantization.appliedTo(block).getSteps());
        steps.values().removeIf(step -> step <= 0);
        return steps;
    }

    /**
     * Reads a checkpoint.
     *
     * @param file the path
     * @return the checkpoint
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged or is not a checkpoint
     */
    public static Checkpoint read(Path file) throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        try {
            return new Checkpoint(file, CheckpointContent.decode(document));
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns the settings of the training, to compare with those of the training that resumes.
     *
     * @return the values by name; empty if the training was saved without settings
     */
    public Map<String, String> settings() {
        return Map.copyOf(content.settings());
    }

    /**
     * Restores the state of the training.
     *
     * @param model a model without trainer, of the same structure and wrapped by the same policy
     * @param optimizer an optimiser of the same class and configuration
     * @return the number of completed epochs
     * @throws MalformedModelException if the checkpoint does not match the model or the optimiser;
     *     the model is unchanged
     */
    public int load(Model model, ResumableOptimizer optimizer) throws MalformedModelException {
        try {
            checkMoments(optimizer);
            Quantization quantization = quantization();
            FrequencyFile.load(model, content.network());
            quantization.applyTo(model.getBlock());
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
        optimizer.resume(content.updates(), moments(model.getBlock(), optimizer));
        return content.epochs();
    }

    /** Returns the steps of all spectral tensors, 0 for those saved without. */
    private Quantization quantization() throws MalformedModelException {
        Map<String, Float> steps = new HashMap<>();
        for (FrqEntry tensor : content.network().entries()) {
            if (tensor.spectral()) {
                steps.put(tensor.name(), content.steps().getOrDefault(tensor.name(), 0f));
            }
        }
        if (!steps.keySet().containsAll(content.steps().keySet())) {
            throw new MalformedModelException(
                    "expected steps of spectral tensors alone but found "
                            + content.steps().keySet());
        }
        try {
            return Quantization.of(steps);
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(e.getMessage(), e);
        }
    }

    private Map<Parameter, Map<String, float[]>> moments(
            Block block, ResumableOptimizer optimizer) {
        Map<Parameter, Map<String, float[]>> moments = new IdentityHashMap<>();
        FrequencyBlocks.parameters(block)
                .forEach(
                        (name, parameter) ->
                                moments.put(parameter, moments(name, optimizer.getNames())));
        return moments;
    }

    private Map<String, float[]> moments(String parameter, List<String> names) {
        Map<String, float[]> moments = new HashMap<>();
        for (String name : names) {
            float[] values = content.moments().get(CheckpointContent.momentName(name, parameter));
            if (values != null) {
                moments.put(name, values);
            }
        }
        return moments;
    }

    /** Requires all moments of each updated tensor, each of its length, and no others. */
    private void checkMoments(ResumableOptimizer optimizer) throws MalformedModelException {
        List<String> names = optimizer.getNames();
        Set<String> unexpected = new TreeSet<>(content.moments().keySet());
        boolean updated = false;
        for (FrqEntry tensor : content.network().entries()) {
            Map<String, float[]> moments = moments(tensor.name(), names);
            for (Map.Entry<String, float[]> moment : moments.entrySet()) {
                String name = CheckpointContent.momentName(moment.getKey(), tensor.name());
                unexpected.remove(name);
                if (moment.getValue().length != tensor.values().length) {
                    throw new MalformedModelException(
                            String.format(
                                    Locale.ROOT,
                                    "expected %d numbers in %s but found %d",
                                    tensor.values().length,
                                    name,
                                    moment.getValue().length));
                }
            }
            if (!moments.isEmpty() && moments.size() < names.size()) {
                unexpected.add("an incomplete set for " + tensor.name());
            }
            updated |= !moments.isEmpty();
        }
        boolean missing = content.updates() > 0 && !updated && !names.isEmpty();
        if (!unexpected.isEmpty() || missing) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected the moments %s of %s but found %s",
                            names,
                            optimizer.getClass().getSimpleName(),
                            unexpected.isEmpty() ? "none" : unexpected));
        }
    }
}
