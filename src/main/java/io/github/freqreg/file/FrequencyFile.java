package io.github.freqreg.file;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves networks as {@code .frq} files and loads them.
 *
 * <p>A file contains the kept coefficients, all other parameters of the network (biases,
 * normalisation), the shapes of its inputs and a checksum, see {@link io.github.freqreg.format}. It
 * is written completely or not at all.
 *
 * <p>A file is loaded into a network of the same structure, plain or wrapped, initialised or not.
 * Tensors that the file stores as coefficients are wrapped, and DJL's transposed convolutions are
 * replaced by those of {@link io.github.freqreg.nn}, as a policy would do. The file is checked
 * completely before the network is changed. State of a block that is not a parameter, such as the
 * options that it was built with, is not stored: build the network as the saved one was built.
 *
 * <p>A tensor is stored once if its layers share a parameter, or if their parameters hold one
 * array. In the latter case the network to load into must hold the array as well: parameters that
 * are not initialised cannot be known to be tied.
 *
 * <p>Running statistics behind a wrapped layer are stored as a few coefficients if the elements can
 * be rebuilt from these: means to 1/512 of the channel's standard deviation (of the variance plus
 * the 1e-5 that DJL adds), variances to 1/256 of themselves. Files with float32 numbers contain all
 * elements.
 *
 * <p>If a network was fresh when it was wrapped with a budget of bytes, quantised files fold the
 * running statistics of batch normalisation into its scale and shift, where these are wrapped and
 * that takes fewer bytes: they store means of 0 and equal variances. A loaded network gives the
 * same predictions, up to rounding, but in training mode it is another network. To train on, resume
 * from a checkpoint, or do not fold, see {@code optFoldedNormalization} of the policy.
 *
 * <p>A TorchScript network ({@code PtSymbolBlock}) that {@link
 * io.github.freqreg.interop.torch.TorchScript} has loaded shows its running statistics, and a file
 * contains them. One that DJL has loaded shows parameters alone: its running statistics are not
 * stored, and after loading a file they are those of the archive. A file fits only a network that
 * was loaded in the same way. Other buffers, and constants, are never stored.
 *
 * <p>The methods are safe for concurrent use on different networks.
 */
public final class FrequencyFile {

    private static final Logger logger = LoggerFactory.getLogger(FrequencyFile.class);

    /** How the names of files end. */
    static final String SUFFIX = ".frq";

    private FrequencyFile() {}

    /**
     * Saves a network with the numbers that it computes with: quantised if steps were applied
     * ({@link Quantization#applyTo}), otherwise as float16.
     *
     * @param block the network, initialised
     * @param file the path; an existing file is replaced
     * @throws IOException if the file cannot be written; an existing file is unchanged
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite
     */
    public static void save(Block block, Path file) throws IOException {
        toDocument(block).write(file);
    }

    /**
     * Saves a network.
     *
     * <p>With float16, the error of a value is at most 2^-11 of the largest value of its tensor.
     * Three kinds of tensor are stored as float32 even so: running statistics with all elements,
     * tensors with a value above 65504, and tensors whose largest value is below 2^-14, where
     * float16 loses digits. {@link CompressionReport} shows the type of each tensor.
     *
     * @param block the network, initialised
     * @param file the path; an existing file is replaced
     * @param type of the stored numbers: float16 or float32
     * @throws IOException if the file cannot be written; an existing file is unchanged
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite, or for another type
     */
    public static void save(Block block, Path file, DataType type) throws IOException {
        toDocument(block, type).write(file);
    }

    /**
     * Saves a network with quantised numbers.
     *
     * <p>The numbers of a tensor are rounded to multiples of its step. Trailing coefficients that
     * are rounded to zero are not stored, except where fewer than sixteen of them spare a count
     * that differs from the neighbouring tensor's.
     *
     * @param block the network, initialised
     * @param file the path; an existing file is replaced
     * @param quantization how finely each tensor's numbers are stored
     * @throws IOException if the file cannot be written; an existing file is unchanged
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if a number is not finite
     */
    public static void save(Block block, Path file, Quantization quantization) throws IOException {
        toDocument(block, quantization).write(file);
    }

    /**
     * Counts the numbers in a file that {@link #save(Block, Path, DataType)} would write with
     * float16. A quantised file may have fewer.
     *
     * @param block the network, initialised
     * @return the number of kept coefficients, of coefficients of running statistics, and of
     *     elements of all other parameters
     * @throws IllegalStateException if the network is not initialised
     */
    public static long countNumbers(Block block) {
        NetworkWriter.checkInitialized(block);
        List<NetworkTensor> tensors = NetworkTensors.of(block);
        Map<Parameter, RunningStatistic> statistics =
                RunningStatistic.in(tensors, TensorElements::of);
        long numbers = 0;
        for (NetworkTensor tensor : tensors) {
            RunningStatistic few = statistics.get(tensor.parameter());
            numbers += few == null ? tensor.numbers() : few.coefficients().length;
        }
        return numbers;
    }

    /**
     * Loads a file into a model.
     *
     * @param model a model without a trainer, whose block has the structure of the saved network
     * @param file the path
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged, has an unknown version, or belongs to
     *     another network; the model is unchanged
     * @throws IllegalStateException if two parameters of the network have the same name
     * @throws IllegalArgumentException if a tensor of the file cannot be wrapped in this network: a
     *     part that must be wrapped as a whole is wrapped inside, a class calls a layer that the
     *     engine does not implement, or such a layer shares the array of its weight; the network is
     *     unchanged
     */
    public static void load(Model model, Path file) throws IOException, MalformedModelException {
        Block block = FrequencyBlocks.of(model);
        model.setBlock(load(block, model.getNDManager(), model.getDataType(), file));
    }

    /**
     * Loads a file into a network.
     *
     * @param block a network with the structure of the saved one, plain or wrapped, initialised or
     *     not
     * @param manager the manager of the network's arrays if it is not initialised yet; they are
     *     float32
     * @param file the path
     * @return the network to use from now on, wrapped
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is damaged, has an unknown version, or belongs to
     *     another network; the network is unchanged
     * @throws IllegalStateException if two parameters of the network have the same name
     * @throws IllegalArgumentException if a tensor of the file cannot be wrapped in this network: a
     *     part that must be wrapped as a whole is wrapped inside, a class calls a layer that the
     *     engine does not implement, or such a layer shares the array of its weight; the network is
     *     unchanged
     */
    public static Block load(Block block, NDManager manager, Path file)
            throws IOException, MalformedModelException {
        return load(block, manager, DataType.FLOAT32, file);
    }

    /**
     * Loads the content of a file into a model.
     *
     * @param model a model without a trainer, whose block has the structure of the saved network
     * @param document the content of a file
     * @throws MalformedModelException if it belongs to another network; the model is unchanged
     * @throws IllegalStateException as {@link #load(Model, Path)}
     * @throws IllegalArgumentException as {@link #load(Model, Path)}
     */
    public static void load(Model model, FrqDocument document) throws MalformedModelException {
        Block block = FrequencyBlocks.of(model);
        NetworkReader reader = new NetworkReader(model.getNDManager(), model.getDataType());
        model.setBlock(reader.read(document, block));
    }

    private static Block load(Block block, NDManager manager, DataType type, Path file)
            throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        try {
            Block loaded = new NetworkReader(manager, type).read(document, block);
            logger.debug("Loaded {} numbers from {}", document.numbers(), file);
            return loaded;
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Returns the content of a file of a network, as {@link #save(Block, Path)} writes it.
     *
     * @param block the network, initialised
     * @return the content, which can be written or sent
     * @throws IllegalStateException if the network is not initialised
     */
    public static FrqDocument toDocument(Block block) {
        NetworkWriter.checkInitialized(block);
        Quantization applied = Quantization.appliedTo(block);
        return applied.isRounded()
                ? toDocument(block, applied)
                : toDocument(block, DataType.FLOAT16);
    }

    /**
     * Returns the content of a file of a network.
     *
     * @param block the network, initialised
     * @param type of the stored numbers: float16 or float32, as in {@link #save(Block, Path,
     *     DataType)}
     * @return the content, which can be written or sent
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException for another type
     */
    public static FrqDocument toDocument(Block block, DataType type) {
        if (type != DataType.FLOAT16 && type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "A .frq file stores float16 or float32 but the type asked for is " + type);
        }
        NetworkWriter writer =
                type == DataType.FLOAT32
                        ? NetworkWriter.exact()
                        : NetworkWriter.rounding(FrequencyFile::half);
        return writer.write(block);
    }

    /**
     * Returns the content of a file of a network.
     *
     * @param block the network, initialised
     * @param quantization how finely each tensor's numbers are stored, see {@link #save(Block,
     *     Path, Quantization)}
     * @return the content, which can be written or sent
     * @throws IllegalStateException if the network is not initialised
     */
    public static FrqDocument toDocument(Block block, Quantization quantization) {
        return NetworkWriter.quantizing(quantization).write(block);
    }

    private static Precision half(NetworkTensor tensor, float[] values) {
        return !tensor.isRunningStatistic() && Float16Range.holds(values)
                ? Precision.FLOAT16
                : Precision.FLOAT32;
    }
}
