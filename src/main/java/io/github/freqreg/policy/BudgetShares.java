package io.github.freqreg.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * Divides a number of coefficients among the tensors of a network.
 *
 * <p>In a trained network, the value of the first k coefficients of a tensor is their share of its
 * energy, Σ_{i&lt;k} c_i² / Σ c². A greedy algorithm takes segments of the concave hulls of these
 * functions in order of their slope. It maximises the sum over all tensors, except for the last
 * segment, which may be cut.
 *
 * <p>In a fresh network only the shapes are known. The shares are proportional to a {@linkplain
 * Rule power} of the sizes of the tensors, and what small tensors cannot use goes to the others. A
 * vector of n elements, such as a bias, is kept whole if the caller {@linkplain Claim says so};
 * otherwise it gets at most a power of n while others can use more: √n where few numbers of the
 * network are kept, and more where many are.
 */
final class BudgetShares {

    /** To which power of a tensor's size its share of a fresh network is proportional. */
    enum Rule {
        /** Tensors get the same share, vectors little, as in the paper's smallest settings. */
        PAPER {
            /** {@inheritDoc} */
            @Override
            double vectorExponent(double kept) {
                return ROOT;
            }
        },
        /**
         * Weights get the same share, for networks whose layers start at the identity: VGG of width
         * 16 in 4,096 bytes was more than a point better than with {@link #GROWING}.
         */
        EQUAL,
        /**
         * A power that grows with the fraction of the network that is kept: about 1/4 for 1/550,
         * 1/3 for 1/180, 2/5 for 1/80. Chosen on LeNet-5, whose weights of 500, 25,000, 400,000 and
         * 5,000 elements did best by hand with 150, 500, 1,400 and 300 of 2,390 numbers (here 149,
         * 538, 1,340 and 317), and with flatter shares of 776 numbers.
         */
        GROWING {
            /** {@inheritDoc} */
            @Override
            double exponent(double kept) {
                return Math.max(0, ALL + SLOPE * Math.log(kept));
            }
        };

        /** The exponent of vectors where few numbers are kept. */
        private static final double ROOT = 0.5;

        /** From this fraction of the network on, vectors are kept whole. */
        private static final double WHOLE = 0.5;

        /** Up to this fraction of the network, vectors keep {@link #ROOT}. */
        private static final double FEW = 1.0 / 16;

        private static final double ALL = 0.76;
        private static final double SLOPE = 0.083;

        /** Returns the exponent for the kept fraction of all numbers. */
        double exponent(double kept) {
            return 0;
        }

        /** Returns the exponent of the most that a vector gets while others can use more. */
        double vectorExponent(double kept) {
            double grown = Math.log(kept / FEW) / Math.log(WHOLE / FEW);
            return ROOT + (1 - ROOT) * Math.min(1, Math.max(0, grown));
        }
    }

    /** How much of a fresh tensor is kept. */
    enum Claim {
        /** All of it, before other tensors get more than one coefficient. */
        WHOLE,
        /** A share by its size. */
        SHARE,
        /** A share by its size, but at most a power of it while others can use more. */
        FEW
    }

    private final Rule rule;
    private double exponent;
    private double vectorExponent;
    private final List<Tensor> tensors = new ArrayList<>();
    private final Map<String, Long> shares = new LinkedHashMap<>();
    private final Map<String, float[]> projected = new HashMap<>();

    /**
     * Prepares to divide.
     *
     * @param rule of a fresh network
     */
    BudgetShares(Rule rule) {
        this.rule = rule;
    }

    /**
     * Adds a tensor.
     *
     * @param tensor whose shape is known; it counts as trained if it is initialised
     * @param axes along which it is transformed
     * @param density how many of its coefficients cost as much as one coefficient of the budget
     * @param claim how much of it is kept if it is fresh
     */
    void add(PlannedTensor tensor, FrequencyAxes axes, int density, Claim claim) {
        Optional<NDArray> weights =
                tensor.tensor().isTrained()
                        ? Optional.of(tensor.parameter().getArray())
                        : Optional.empty();
        tensors.add(new Tensor(tensor.name(), tensor.shape(), axes, weights, density, claim));
    }

    /**
     * Divides the coefficients.
     *
     * @param budget the number of coefficients of density 1, at least one for each tensor
     * @return the number of coefficients of each tensor, by name
     */
    Map<String, Long> share(long budget) {
        // The order in which a network's parts are found is not always the same.
        tensors.sort(Comparator.comparing(Tensor::name));
        if (tensors.stream().allMatch(tensor -> tensor.weights.isPresent())) {
            shareByEnergy(budget);
        } else {
            shareBySize(budget);
        }
        for (Tensor tensor : tensors) {
            long most = tensor.shape.size();
            shares.computeIfPresent(
                    tensor.name, (name, share) -> Math.min(most, share * tensor.density));
        }
        return shares;
    }

    /**
     * Returns the coefficients that dividing has computed, so that wrapping need not project the
     * tensors once more.
     *
     * @return as many coefficients of each tensor as its share; none of fresh and of float64
     *     tensors
     */
    Map<String, float[]> projected() {
        Map<String, float[]> found = new HashMap<>();
        projected.forEach(
                (name, coefficients) -> {
                    int share = Math.toIntExact(shares.getOrDefault(name, 0L));
                    found.put(name, Arrays.copyOf(coefficients, share));
                });
        return found;
    }

    private void shareBySize(long budget) {
        double all = tensors.stream().mapToLong(Tensor::size).sum();
        double kept = Math.min(1, budget / all);
        exponent = rule.exponent(kept);
        vectorExponent = rule.vectorExponent(kept);
        tensors.forEach(tensor -> shares.put(tensor.name, 1L));
        long rest = budget - tensors.size();
        for (ToLongFunction<Tensor> most :
                List.<ToLongFunction<Tensor>>of(Tensor::first, this::enough, Tensor::size)) {
            List<Tensor> bySize = new ArrayList<>(tensors);
            bySize.sort(
                    Comparator.comparingDouble((Tensor t) -> room(t, most) / importance(t))
                            .thenComparing(Tensor::name));
            double[] left = new double[bySize.size() + 1];
            for (int i = bySize.size() - 1; i >= 0; i--) {
                left[i] = left[i + 1] + importance(bySize.get(i));
            }
            for (int i = 0; i < bySize.size(); i++) {
                Tensor tensor = bySize.get(i);
                boolean last = i == bySize.size() - 1;
                long part = last ? rest : (long) (rest * importance(tensor) / left[i]);
                long share = Math.min(part, room(tensor, most));
                shares.merge(tensor.name, share, Long::sum);
                rest -= share;
            }
        }
    }

    /** Returns the largest share of a fresh tensor while others can use more. */
    private long enough(Tensor tensor) {
        long size = tensor.size();
        return tensor.claim == Claim.FEW ? (long) Math.ceil(Math.pow(size, vectorExponent)) : size;
    }

    private long room(Tensor tensor, ToLongFunction<Tensor> most) {
        return most.applyAsLong(tensor) - shares.getOrDefault(tensor.name, 0L);
    }

    private double importance(Tensor tensor) {
        return Math.pow((double) tensor.size(), exponent);
    }

    private void shareByEnergy(long budget) {
        List<Segment> segments = new ArrayList<>();
        for (Tensor tensor : tensors) {
            shares.put(tensor.name, 1L);
            segments.addAll(segments(tensor, budget));
        }
        // Sorting is stable, and the segments of one tensor are never steeper than those before.
        segments.sort(Comparator.comparingDouble(Segment::slope).reversed());
        long rest = budget - tensors.size();
        for (Segment segment : segments) {
            long taken = Math.min(rest, segment.count);
            shares.merge(segment.name, taken, Long::sum);
            rest -= taken;
        }
    }

    /** Returns the concave hull of a tensor's value function, without the first coefficient. */
    private List<Segment> segments(Tensor tensor, long budget) {
        long most = Math.min(tensor.size(), budget);
        float[] coefficients = tensor.first(Math.min(tensor.shape.size(), most * tensor.density));
        if (tensor.isFloat32()) {
            projected.put(tensor.name, coefficients);
        }
        double[] energies = tensor.energies(coefficients, Math.toIntExact(most));
        double energy = tensor.energy();
        Deque<Segment> hull = new ArrayDeque<>();
        for (int i = 1; i < energies.length; i++) {
            Segment segment = new Segment(tensor.name, 1, energy == 0 ? 0 : energies[i] / energy);
            while (!hull.isEmpty() && hull.peekLast().slope() <= segment.slope()) {
                Segment last = hull.removeLast();
                segment =
                        new Segment(
                                tensor.name,
                                last.count + segment.count,
                                last.value + segment.value);
            }
            hull.addLast(segment);
        }
        return new ArrayList<>(hull);
    }

    /** A segment of a concave hull: coefficients that are taken together, and their value. */
    private record Segment(String name, long count, double value) {

        double slope() {
            return value / count;
        }
    }

    private record Tensor(
            String name,
            Shape shape,
            FrequencyAxes axes,
            Optional<NDArray> weights,
            int density,
            Claim claim) {

        long size() {
            return (shape.size() + density - 1) / density;
        }

        /** Returns what a fresh tensor gets before others get more than one. */
        long first() {
            return claim == Claim.WHOLE ? size() : 1;
        }

        /** Returns whether float32 holds the coefficients exactly. */
        boolean isFloat32() {
            return weights.orElseThrow().getDataType() != DataType.FLOAT64;
        }

        /** Returns the energies of coefficients, summed over {@link #density} each. */
        double[] energies(float[] coefficients, int count) {
            double[] energies = new double[count];
            for (int i = 0; i < coefficients.length; i++) {
                energies[i / density] += coefficients[i] * (double) coefficients[i];
            }
            return energies;
        }

        /** Returns the first coefficients. */
        float[] first(long count) {
            ZigzagMask mask = AxesRules.mask(name, axes, shape, count);
            NDArray weights = this.weights.orElseThrow();
            try (NDManager scratch = weights.getManager().newSubManager();
                    SpectralTransform transform =
                            new SpectralTransform(
                                    mask, scratch, weights.getDevice(), weights.getDataType());
                    NDArray plain = weights.stopGradient()) {
                plain.attach(scratch);
                NDArray seen = plain.reshape(mask.getShape());
                NDArray vector = transform.project(seen, scratch);
                return vector.toType(DataType.FLOAT32, false).toFloatArray();
            }
        }

        double energy() {
            NDArray weights = this.weights.orElseThrow();
            try (NDManager scratch = weights.getManager().newSubManager()) {
                NDArray plain = weights.stopGradient();
                plain.attach(scratch);
                NDArray floats = plain.toType(DataType.FLOAT64, true);
                return floats.square().sum().getDouble();
            }
        }
    }
}
