package io.github.freqreg.file;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
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

/**
 * Makes the content of a {@code .frq} file from a network.
 *
 * @param statistics the running statistics that are stored as few coefficients
 * @param precisions how the other numbers are stored
 */
record NetworkWriter(Map<Parameter, RunningStatistic> statistics, PrecisionRule precisions) {

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
     * @param block the network, initialised
     */
    FrqDocument write(Block block) {
        List<FrqEntry> entries = new ArrayList<>();
        NetworkTensors.of(block).forEach(tensor -> entries.add(entry(tensor)));
        return new FrqDocument(Arrays.asList(block.getInputShapes()), entries);
    }

    private FrqEntry entry(NetworkTensor tensor) {
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
        float[] values = values(tensor);
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

    /**
     * Returns the elements of a tensor that is not wrapped.
     *
     * @throws IllegalArgumentException if they are not floating point numbers
     */
    static float[] values(NetworkTensor tensor) {
        NDArray array = tensor.parameter().getArray();
        if (!array.getDataType().isFloating()) {
            throw new IllegalArgumentException(
                    "A .frq file stores floating point numbers but parameter "
                            + tensor.name()
                            + " is "
                            + array.getDataType());
        }
        try (NDArray detached = array.stopGradient();
                NDArray floats = detached.toType(DataType.FLOAT32, true)) {
            return floats.toFloatArray();
        }
    }
}
