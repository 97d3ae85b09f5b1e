package io.github.freqreg.file;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.block.SpectralParameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Makes the content of a {@code .frq} file from a network. */
final class NetworkWriter {

    private final PrecisionRule precisions;
    private final boolean storesFewStatistics;

    private NetworkWriter(PrecisionRule precisions, boolean storesFewStatistics) {
        this.precisions = precisions;
        this.storesFewStatistics = storesFewStatistics;
    }

    /** Returns a lossless writer: it stores all numbers as float32, running statistics included. */
    static NetworkWriter exact() {
        return new NetworkWriter((tensor, values) -> Precision.FLOAT32, false);
    }

    /**
     * Returns a writer that stores numbers with chosen precisions, and running statistics as few
     * coefficients where these are enough.
     */
    static NetworkWriter rounding(PrecisionRule precisions) {
        return new NetworkWriter(precisions, true);
    }

    /** Decides how the numbers of a tensor are stored. */
    @FunctionalInterface
    interface PrecisionRule {

        /**
         * Returns the precision of a tensor.
         *
         * @param tensor of the network
         * @param values its numbers: the kept coefficients, or all elements
         */
        Precision of(NetworkTensor tensor, float[] values);
    }

    /**
     * Makes the content of a file.
     *
     * @param block the network
     * @throws IllegalStateException if the network is not initialised
     */
    FrqDocument write(Block block) {
        checkInitialized(block);
        List<NetworkTensor> tensors = NetworkTensors.of(block);
        Map<Parameter, RunningStatistic> statistics =
                storesFewStatistics ? RunningStatistic.in(tensors) : Map.of();
        List<FrqEntry> entries = new ArrayList<>();
        tensors.forEach(tensor -> entries.add(entry(tensor, statistics)));
        return new FrqDocument(Arrays.asList(block.getInputShapes()), entries);
    }

    /**
     * Checks that a network has numbers to save.
     *
     * @throws IllegalStateException if it is not initialised
     */
    static void checkInitialized(Block block) {
        if (!block.isInitialized()) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to save");
        }
    }

    private FrqEntry entry(NetworkTensor tensor, Map<Parameter, RunningStatistic> statistics) {
        // The file stores no names of axes.
        Shape shape = new Shape(tensor.knownShape().getShape());
        RunningStatistic few = statistics.get(tensor.parameter());
        if (few != null) {
            return new FrqEntry(
                    tensor.name(), shape, FrequencyAxes.OWN, few.precision(), few.coefficients());
        }
        if (tensor.spectral().isPresent()) {
            SpectralParameter spectral = tensor.spectral().get();
            float[] coefficients = spectral.toTensor().coefficients();
            Precision precision = precisions.of(tensor, coefficients);
            return new FrqEntry(
                    tensor.name(),
                    shape,
                    spectral.getAxes(),
                    precision,
                    withoutTrailingZeros(coefficients, precision));
        }
        float[] values = TensorElements.of(tensor);
        return new FrqEntry(tensor.name(), shape, null, precisions.of(tensor, values), values);
    }

    /** Drops the last coefficients if they are rounded to zero. */
    private static float[] withoutTrailingZeros(float[] values, Precision precision) {
        int count = values.length;
        while (count > 1 && precision.isZero(values[count - 1])) {
            count--;
        }
        return count == values.length ? values : Arrays.copyOf(values, count);
    }
}
