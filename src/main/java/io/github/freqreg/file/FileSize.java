package io.github.freqreg.file;

import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.MultiplesCost;
import io.github.freqreg.format.Precision;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The sizes of files of a network with different steps. */
final class FileSize {

    /** The fewest bits of a float16 number in a file: its sign and its fraction. */
    private static final int LEAST_HALF = 11;

    private final NetworkContent network;
    private final boolean names;

    /** The bits of each tensor's multiples by step, as far as they were asked for. */
    private final Map<String, Map<Float, Double>> bits = new HashMap<>();

    /** The largest magnitude of each tensor, as far as it was asked for. */
    private final Map<String, Float> most = new HashMap<>();

    /**
     * Prepares the sizes.
     *
     * @param network the numbers of the network
     * @param names whether the file contains names and shapes
     */
    FileSize(NetworkContent network, boolean names) {
        this.network = network;
        this.names = names;
    }

    /** Returns whether a file with so many float16 coefficients can have so few bytes. */
    static boolean mayFitUnrounded(long coefficients, long bytes) {
        return coefficients * LEAST_HALF / Byte.SIZE <= bytes;
    }

    /** Codes the network and returns the size of the file. */
    long coded(NetworkWriter writer) {
        FrqDocument document = writer.write(network);
        return (names ? document : document.withoutNames()).encode().length;
    }

    /** Codes the network and returns the size of the file. */
    long coded(Quantization steps) {
        return coded(NetworkWriter.quantizing(steps));
    }

    /** Returns the bits of all multiples of steps, about; tensors with the step 0 are left out. */
    double bits(Quantization steps) {
        double sum = 0;
        for (Map.Entry<String, Float> each : steps.getSteps().entrySet()) {
            if (each.getValue() > 0) {
                sum +=
                        bits.computeIfAbsent(each.getKey(), name -> new HashMap<>())
                                .computeIfAbsent(
                                        each.getValue(), step -> bits(each.getKey(), step));
            }
        }
        return sum;
    }

    private double bits(String name, float step) {
        float[] values = Objects.requireNonNull(network.numbers().get(name));
        float largest = most.computeIfAbsent(name, n -> Float16Range.largest(values));
        Precision precision = Precision.ofStep(step).holding(largest);
        MultiplesCost cost = new MultiplesCost();
        double sum = 0;
        double kept = 0;
        for (Stretch stretch : Stretch.of(values.length)) {
            cost.start();
            for (int i = stretch.from(); i < stretch.to(); i++) {
                int multiple = (int) Math.rint(values[i] / precision.step());
                sum += stretch.weight() * cost.bits(multiple);
                cost.add(multiple);
                // Zeros at the end are not stored, except for a few.
                kept = multiple == 0 ? kept : sum;
            }
        }
        return kept;
    }
}
