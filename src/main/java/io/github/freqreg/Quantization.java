package io.github.freqreg;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.Precision;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How finely the numbers of each tensor are stored, so that a network fits a number of bytes.
 *
 * <p>The numbers of tensor t are stored as multiples of a step
 *
 * <pre>
 * Δ_t = α / √s_t
 * </pre>
 *
 * <p>where s_t is how much the loss answers to a change of one of them, and α the smallest with
 * which the file has no more than the bytes allowed. Rounding errors have a variance of Δ²/12, so
 * every number of the network then adds as much to the loss: where bits are entropy-coded, no other
 * shares lose less. Sensitivities are mean squared gradients, which {@link
 * io.github.freqreg.training.ByteBudget} takes from the optimiser; without any, s_t = 1 / mean
 * square, so that all tensors have the same relative error.
 *
 * <p>A network that fits with float16 numbers has them and no steps. Running statistics are stored
 * as float16 always, in which a variance near zero stays one, and parameters that are not trained
 * to be rounded have steps of at most 1/16 of their root mean square.
 *
 * <p>Instances are immutable and safe for concurrent use.
 */
public final class Quantization {

    /** The smallest normal float16; below it relative errors grow. */
    private static final float MIN_HALF = 0x1p-14f;

    private static final double FINEST = 0x1p-60;
    private static final int HALVINGS = 16;
    private static final double FINEST_STEP = 0x1p-100;
    private static final double COARSEST_STEP = 0x1p100;

    /** The largest one that a file holds. */
    private static final float MAX_MULTIPLE = 1 << 20;

    /** Of a tensor that does not matter at all. */
    private static final double LEAST_SENSITIVITY = 1e-30;

    private static final float NOT_TRAINED = 1f / 16;

    private final Map<String, Precision> precisions;

    private Quantization(Map<String, Precision> precisions) {
        this.precisions = precisions;
    }

    /**
     * Finds the finest steps with which a network fits a number of bytes, by the size of its
     * numbers alone.
     *
     * @param block the network, wrapped and initialised
     * @param bytes that a file of it may have, 1 or more
     * @param names whether the file has names and shapes
     * @return the steps
     * @throws IllegalArgumentException if no steps make the file so small
     * @throws IllegalStateException if the network is not initialised
     */
    public static Quantization fit(Block block, long bytes, boolean names) {
        return fit(block, bytes, names, Map.of());
    }

    /**
     * Finds the finest steps with which a network fits a number of bytes.
     *
     * @param block the network, wrapped and initialised
     * @param bytes that a file of it may have, 1 or more
     * @param names whether the file has names and shapes
     * @param sensitivities s_t, 0 or more, by the parameter's name, of all tensors or of none;
     *     those of others are left out
     * @return the steps
     * @throws IllegalArgumentException if no steps make the file so small
     * @throws IllegalStateException if the network is not initialised
     */
    public static Quantization fit(
            Block block, long bytes, boolean names, Map<String, Double> sensitivities) {
        Map<String, Unit> units = units(block, sensitivities);
        Map<String, Precision> halves = new HashMap<>();
        units.keySet().forEach(name -> halves.put(name, Precision.FLOAT16));
        Quantization unrounded = new Quantization(halves);
        if (size(block, unrounded, names) <= bytes) {
            return unrounded;
        }
        double fine = FINEST;
        double coarse = 1 / FINEST;
        long least = size(block, at(units, coarse), names);
        if (least > bytes) {
            throw new IllegalArgumentException(
                    "A file of this network has at least "
                            + least
                            + " bytes, but only "
                            + bytes
                            + " are allowed: keep fewer coefficients, or compress the parameters"
                            + " that are left alone");
        }
        for (int i = 0; i < HALVINGS; i++) {
            double middle = Math.sqrt(fine * coarse);
            if (size(block, at(units, middle), names) <= bytes) {
                coarse = middle;
            } else {
                fine = middle;
            }
        }
        return refined(block, bytes, names, at(units, coarse));
    }

    /** Spends what is left on tensors one by one, the largest first. */
    private static Quantization refined(
            Block block, long bytes, boolean names, Quantization found) {
        List<String> bySize =
                FrequencyFile.toDocument(block, found).tensors().stream()
                        .sorted(Comparator.comparingInt(t -> -t.values().length))
                        .map(FrqTensor::name)
                        .toList();
        Quantization best = found;
        for (String name : bySize) {
            Map<String, Precision> finer = new HashMap<>(best.precisions);
            finer.put(name, best.precisions.get(name).finer());
            Quantization next = new Quantization(finer);
            if (size(block, next, names) <= bytes) {
                best = next;
            }
        }
        return best;
    }

    private static Map<String, Unit> units(Block block, Map<String, Double> sensitivities) {
        Map<String, Unit> units = new HashMap<>();
        for (FrqTensor tensor : FrequencyFile.toDocument(block, DataType.FLOAT32).tensors()) {
            double square = 0;
            for (float value : tensor.values()) {
                square += (double) value * value / tensor.values().length;
            }
            // Of zeros alone any step is right.
            double size = square > 0 ? Math.sqrt(square) : 1;
            double most = tensor.spectral() ? Double.POSITIVE_INFINITY : NOT_TRAINED * size;
            Double sensitivity = sensitivities.get(tensor.name());
            double unit = size;
            if (sensitivity != null) {
                unit = 1 / Math.sqrt(Math.max(sensitivity, LEAST_SENSITIVITY));
            } else if (!sensitivities.isEmpty()) {
                // Not trained, so that nothing is known of it.
                unit = Double.POSITIVE_INFINITY;
                most = NOT_TRAINED * size;
            }
            units.put(tensor.name(), new Unit(unit, most));
        }
        return units;
    }

    private static Quantization at(Map<String, Unit> units, double scale) {
        Map<String, Precision> precisions = new HashMap<>();
        units.forEach(
                (name, unit) -> {
                    double step = Math.min(scale * unit.unit, unit.most);
                    precisions.put(
                            name,
                            Precision.ofStep(
                                    (float) Math.max(FINEST_STEP, Math.min(step, COARSEST_STEP))));
                });
        return new Quantization(precisions);
    }

    private static long size(Block block, Quantization quantization, boolean names) {
        FrqDocument document = FrequencyFile.toDocument(block, quantization);
        return (names ? document : document.withoutNames()).encode().length;
    }

    /** How the numbers of a parameter are stored. */
    Precision of(String name, Parameter parameter, float[] values) {
        Precision steps = precisions.get(name);
        if (!FrequencyFile.isStatistic(parameter)
                && steps.kind() == Precision.Kind.STEPS
                && FrequencyFile.maxOf(values) <= steps.step() * MAX_MULTIPLE) {
            return steps;
        }
        for (float value : values) {
            float size = Math.abs(value);
            if (size > FrequencyFile.MAX_HALF || size < MIN_HALF && size > 0) {
                return Precision.FLOAT32;
            }
        }
        return Precision.FLOAT16;
    }

    /**
     * Lets a network compute with coefficients as they will be stored, in training and at
     * inference. In training, gradients pass to the coefficients as if they were not rounded.
     *
     * @param block the network, wrapped by {@link FrequencyRegularization}
     * @throws IllegalArgumentException if it is not the one that the steps were found for
     */
    public void applyTo(Block block) {
        for (FrequencyBlock each : BlockTree.frequencyBlocks(block)) {
            each.getSpectralParameters()
                    .forEach(tensor -> tensor.setStep(getStep(tensor.getName())));
        }
    }

    /**
     * Returns the step of a tensor.
     *
     * @param name the parameter's name
     * @return its step, of which the numbers that are stored are multiples; 0 if they are float16
     * @throws IllegalArgumentException if there is no such tensor
     */
    public float getStep(String name) {
        Precision precision = precisions.get(name);
        if (precision == null) {
            throw new IllegalArgumentException("Expected the name of a tensor but found " + name);
        }
        return precision.step();
    }

    /** A step at α = 1, and the largest there may be. */
    private record Unit(double unit, double most) {}
}
