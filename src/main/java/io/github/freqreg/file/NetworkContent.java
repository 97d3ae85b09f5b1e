package io.github.freqreg.file;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The numbers of a network in Java memory, read from the engine once, so that files of it can be
 * made with several precisions.
 *
 * @param inputs the network's input shapes
 * @param tensors all tensors, in the network's order
 * @param numbers the kept coefficients or the elements of each tensor, by name
 */
record NetworkContent(
        List<Shape> inputs, List<NetworkTensor> tensors, Map<String, float[]> numbers) {

    /**
     * Reads a network.
     *
     * @param block the network
     * @throws IllegalStateException if it is not initialised
     */
    static NetworkContent of(Block block) {
        NetworkWriter.checkInitialized(block);
        List<NetworkTensor> tensors = NetworkTensors.of(block);
        Map<String, float[]> numbers = new LinkedHashMap<>();
        for (NetworkTensor tensor : tensors) {
            Optional<SpectralParameter> spectral = tensor.spectral();
            numbers.put(
                    tensor.name(),
                    spectral.isPresent()
                            ? spectral.get().toTensor().coefficients()
                            : TensorElements.of(tensor));
        }
        return new NetworkContent(NetworkTensors.inputShapes(block), tensors, numbers);
    }

    /** Returns the kept coefficients of a wrapped tensor, or the elements of another. */
    float[] numbers(NetworkTensor tensor) {
        return Objects.requireNonNull(numbers.get(tensor.name()));
    }

    /** Returns the coefficients of the wrapped tensors by name. */
    Map<String, float[]> coefficients() {
        Map<String, float[]> coefficients = new LinkedHashMap<>();
        for (NetworkTensor tensor : tensors) {
            if (tensor.spectral().isPresent()) {
                coefficients.put(tensor.name(), numbers(tensor));
            }
        }
        return coefficients;
    }
}
