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
import java.util.Map;
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
 * transposed convolutions become this library's, as by a policy. Everything is checked before
 * anything is changed for good.
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
        Map<Parameter, RunningStatistic> statistics = RunningStatistic.in(block);
        long numbers = 0;
        for (NetworkTensor tensor : NetworkTensors.of(block)) {
            RunningStatistic few = statistics.get(tensor.parameter());
            numbers += few == null ? tensor.numbers() : few.coefficients().length;
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
        Block block = FrequencyBlocks.of(model);
        model.setBlock(load(block, model.getNDManager(), model.getDataType(), file));
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
        checkInitialized(block);
        if (type != DataType.FLOAT16 && type != DataType.FLOAT32) {
            throw new IllegalArgumentException(
                    "A .frq file stores float16 or float32 but the type asked for is " + type);
        }
        return type == DataType.FLOAT32
                ? new NetworkWriter(Map.of(), (tensor, values) -> Precision.FLOAT32).write(block)
                : new NetworkWriter(RunningStatistic.in(block), FrequencyFile::half).write(block);
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
        checkInitialized(block);
        return new NetworkWriter(RunningStatistic.in(block), quantization::of).write(block);
    }

    private static Precision half(NetworkTensor tensor, float[] values) {
        return !tensor.isRunningStatistic() && Float16Range.holds(values)
                ? Precision.FLOAT16
                : Precision.FLOAT32;
    }

    static void checkInitialized(Block block) {
        if (!block.isInitialized()) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to save");
        }
    }
}
