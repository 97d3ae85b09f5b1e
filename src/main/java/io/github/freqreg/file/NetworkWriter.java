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
import java.util.Optional;
import java.util.Set;

/** Makes the content of a {@code .frq} file from a network. */
final class NetworkWriter {

    private final PrecisionRule precisions;
    private final StatisticRule statistics;
    private final Map<String, float[]> replaced;

    private NetworkWriter(
            PrecisionRule precisions, StatisticRule statistics, Map<String, float[]> replaced) {
        this.precisions = precisions;
        this.statistics = statistics;
        this.replaced = replaced;
    }

    /** How running statistics are stored. */
    private enum StatisticRule {
        /** All elements. */
        WHOLE,
        /** Few coefficients where these are enough. */
        FEW,
        /** Folded into scale and shift, or few coefficients, or else multiples of a step. */
        STEPS
    }

    /** Returns a lossless writer: it stores all numbers as float32, running statistics included. */
    static NetworkWriter exact() {
        return new NetworkWriter(
                (tensor, values) -> Precision.FLOAT32, StatisticRule.WHOLE, Map.of());
    }

    /**
     * Returns a writer that stores numbers with chosen precisions, and running statistics as few
     * coefficients where these are enough.
     */
    static NetworkWriter rounding(PrecisionRule precisions) {
        return new NetworkWriter(precisions, StatisticRule.FEW, Map.of());
    }

    /**
     * Returns a writer that stores the numbers of a quantised network.
     *
     * @param quantization the steps
     */
    static NetworkWriter quantizing(Quantization quantization) {
        return quantizing(quantization, Map.of());
    }

    /**
     * Returns a writer that stores other coefficients than the network's.
     *
     * @param quantization the steps
     * @param replaced the coefficients to store, by the tensor's name; of other tensors, the
     *     network's
     */
    static NetworkWriter quantizing(Quantization quantization, Map<String, float[]> replaced) {
        StatisticRule rule = quantization.isRounded() ? StatisticRule.STEPS : StatisticRule.FEW;
        return new NetworkWriter(quantization::of, rule, replaced);
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
        return write(NetworkContent.of(block));
    }

    /** Makes the content of a file from the numbers of a network. */
    FrqDocument write(NetworkContent network) {
        Map<Parameter, RunningStatistic> few =
                statistics == StatisticRule.WHOLE
                        ? Map.of()
                        : RunningStatistic.in(network.tensors(), network::numbers);
        Map<Parameter, Precision> steps =
                statistics == StatisticRule.STEPS ? StatisticSteps.in(network) : Map.of();
        Map<String, float[]> coefficients = network.coefficients();
        coefficients.putAll(replaced);
        Set<String> repeated = RepeatedCounts.in(coefficients);
        List<FrqEntry> entries = new ArrayList<>();
        for (NetworkTensor tensor : network.tensors()) {
            RunningStatistic statistic = few.get(tensor.parameter());
            float[] numbers = replaced.getOrDefault(tensor.name(), network.numbers(tensor));
            Optional<Precision> step = Optional.ofNullable(steps.get(tensor.parameter()));
            entries.add(
                    statistic == null
                            ? entry(tensor, numbers, step, repeated.contains(tensor.name()))
                            : entry(tensor, statistic));
        }
        return new FrqDocument(
                network.inputs(),
                statistics == StatisticRule.STEPS
                        ? FoldedNormalization.fold(network, entries)
                        : entries);
    }

    /**
     * Checks that a network has numbers to save.
     *
     * @throws IllegalStateException if it is not initialised
     */
    static void checkInitialized(Block block) {
        if (!NetworkTensors.haveNumbers(block)) {
            throw new IllegalStateException(
                    "The network is not initialised, so it has no numbers to save");
        }
    }

    /** Returns the shape of a tensor. The file stores no names of axes. */
    private static Shape shape(NetworkTensor tensor) {
        return new Shape(tensor.knownShape().getShape());
    }

    private static FrqEntry entry(NetworkTensor tensor, RunningStatistic few) {
        return new FrqEntry(
                tensor.name(),
                shape(tensor),
                FrequencyAxes.OWN,
                few.precision(),
                few.coefficients());
    }

    private FrqEntry entry(
            NetworkTensor tensor,
            float[] numbers,
            Optional<Precision> ofStatistic,
            boolean repeated) {
        Precision precision = ofStatistic.orElseGet(() -> precisions.of(tensor, numbers));
        Optional<SpectralParameter> spectral = tensor.spectral();
        return new FrqEntry(
                tensor.name(),
                shape(tensor),
                spectral.isPresent() ? spectral.get().getAxes() : null,
                precision,
                spectral.isPresent()
                        ? withoutTrailingZeros(numbers, precision, repeated)
                        : numbers);
    }

    /**
     * Drops the last coefficients if they are rounded to zero, unless they are so few that they
     * take fewer bits than another count.
     *
     * @param repeated whether the file need not state the count of all values
     */
    private static float[] withoutTrailingZeros(
            float[] values, Precision precision, boolean repeated) {
        int count = values.length;
        while (count > 1 && precision.isZero(values[count - 1])) {
            count--;
        }
        int zeros = values.length - count;
        return zeros == 0 || repeated && zeros < RepeatedCounts.BITS
                ? values
                : Arrays.copyOf(values, count);
    }
}
