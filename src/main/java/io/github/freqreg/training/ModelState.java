package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.FreshStart;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;

/**
 * The model of a {@link Compressor} in the states that it passes through: dense, wrapped fresh
 * within a number of bytes, wrapped with all coefficients, or with the numbers of a file.
 */
final class ModelState {

    private final Model model;
    private final Shape[] inputShapes;
    private final UnaryOperator<FrequencyRegularizationBuilder> policy;
    private final boolean fresh;

    /** Whether some parameters of a fresh network had values, as a frozen part that was loaded. */
    private final boolean partial;

    private Optional<FrqDocument> dense;

    /**
     * Takes a model.
     *
     * @throws IllegalStateException if it has no block or a wrapped one, or if it is not
     *     initialised and no input shapes are given
     */
    ModelState(
            Model model,
            Shape[] inputShapes,
            UnaryOperator<FrequencyRegularizationBuilder> policy) {
        this.model = model;
        this.policy = policy;
        Block block = FrequencyBlocks.of(model);
        if (FrequencyBlocks.isWrapped(block)) {
            throw new IllegalStateException(
                    "Expected a plain network, which the compressor wraps itself, but the network"
                            + " of "
                            + model.getName()
                            + " is wrapped: call FrequencyBlocks.toDense first");
        }
        if (!block.isInitialized() && hasValues(block)) {
            // As a TorchScript network is loaded.
            block.initialize(model.getNDManager(), model.getDataType(), inputShapes);
        }
        if (inputShapes.length == 0 && !block.isInitialized()) {
            throw new IllegalStateException(
                    "The network of "
                            + model.getName()
                            + " is not initialised: give the shapes of its inputs");
        }
        this.inputShapes = inputShapes.length == 0 ? block.getInputShapes() : inputShapes.clone();
        dense = Optional.empty();
        fresh = !block.isInitialized();
        partial =
                NetworkTensors.of(block).stream()
                        .anyMatch(tensor -> tensor.parameter().isInitialized());
        if (!fresh) {
            rememberDense();
        }
    }

    private static boolean hasValues(Block block) {
        return NetworkTensors.of(block).stream()
                .allMatch(tensor -> tensor.parameter().isInitialized());
    }

    Model model() {
        return model;
    }

    Block block() {
        return model.getBlock();
    }

    Shape[] inputShapes() {
        return inputShapes.clone();
    }

    /** Returns the weights of the trained dense network, if there are any. */
    Optional<FrqDocument> dense() {
        return dense;
    }

    /** Remembers the weights of the model, which is dense, as the trained ones. */
    void rememberDense() {
        dense = Optional.of(FrequencyFile.toDocument(block(), DataType.FLOAT32));
    }

    /** Sets the weights of a trained dense network. */
    void setDense(FrqDocument weights) throws MalformedModelException {
        dense = Optional.of(weights);
        toDense();
    }

    /** Returns the number of elements of all parameters of the dense network. */
    long denseNumbers() {
        return dense.orElseThrow().numbers();
    }

    /** Identifies the trained weights. */
    String fingerprint() {
        if (dense.isEmpty()) {
            return "none";
        }
        CRC32C sum = new CRC32C();
        sum.update(dense.get().encode());
        return Long.toHexString(sum.getValue());
    }

    /** Makes the model dense, with the trained weights. */
    void toDense() throws MalformedModelException {
        unwrap();
        FrequencyFile.load(model, dense.orElseThrow());
    }

    /**
     * Undoes a compression that failed: gives a trained model its weights back, and makes any other
     * fresh again.
     */
    void restore() throws MalformedModelException {
        if (!fresh) {
            toDense();
            return;
        }
        if (FrequencyBlocks.isWrapped(block())) {
            if (!block().isInitialized()) {
                initialize();
            }
            unwrap();
        }
        if (partial) {
            FreshStart.of(block());
        } else {
            block().clear();
        }
    }

    private void unwrap() {
        if (FrequencyBlocks.isWrapped(block())) {
            FrequencyBlocks.toDense(model);
        }
    }

    /** Wraps the network anew, with fresh weights and as many coefficients as bytes allow. */
    void wrapFresh(long bytes) {
        unwrap();
        FrequencyRegularizationBuilder budget =
                FrequencyRegularization.builder().optBudgetBytes(bytes);
        policy.apply(budget).build().applyAnew(model, inputShapes);
        initialize();
    }

    /** Wraps the trained network with all coefficients of all parameters. */
    void wrapAll() throws MalformedModelException {
        toDense();
        FrequencyRegularizationBuilder all =
                FrequencyRegularization.builder()
                        .optKeepRate(1)
                        .optLayerTypes(LayerType.values())
                        .optParameterTypes(
                                Parameter.Type.WEIGHT,
                                Parameter.Type.BIAS,
                                Parameter.Type.GAMMA,
                                Parameter.Type.BETA,
                                Parameter.Type.OTHER);
        policy.apply(all).build().apply(model, inputShapes);
    }

    /** Initialises the network. */
    void initialize() {
        block().initialize(model.getNDManager(), model.getDataType(), inputShapes);
    }

    /** Loads a network and makes it compute with quantised coefficients where they have a step. */
    void load(FrqDocument document) throws MalformedModelException {
        FrequencyFile.load(model, document);
        Quantization.of(document).applyTo(block());
    }

    /** Returns whether all numbers of the network are finite. */
    boolean isFinite() {
        return NetworkTensors.of(block()).stream()
                .map(tensor -> tensor.parameter().getArray())
                .allMatch(ModelState::isFinite);
    }

    private static boolean isFinite(NDArray array) {
        try (NDManager scratch = array.getManager().newSubManager();
                NDArray plain = array.stopGradient()) {
            plain.attach(scratch);
            // Infinity times 0 is no number, and no number stays none.
            return plain.toType(DataType.FLOAT32, false).mul(0).sum().getFloat() == 0;
        }
    }

    /** Returns the state of the model without loss. */
    FrqDocument copy() {
        return FrequencyFile.toDocument(block(), DataType.FLOAT32);
    }
}
