package io.github.freqreg.policy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * Shares a number of coefficients over the tensors of a network.
 *
 * <p>Of trained weights, coefficients go where they are worth most: the worth of the first k of a
 * tensor is their part of its energy, Σ_{i&lt;k} c_i² / Σ c². Steps of its concave hull are taken
 * from all tensors, the steepest first, so that the sum of all parts is the largest there can be
 * (but for the last step).
 *
 * <p>Of a fresh network nothing is known but shapes. Each tensor gets the same share, as in the
 * paper's smallest settings, and what small tensors cannot use goes to the others. A vector of n,
 * such as a bias, is taken to use √n as long as others can use more.
 */
final class BudgetShares {

    private final List<Tensor> tensors = new ArrayList<>();
    private final Map<String, Long> shares = new LinkedHashMap<>();

    /**
     * Adds a tensor.
     *
     * @param tensor whose shape is known; it counts as trained if it is initialised
     * @param axes along which it is transformed
     * @param density how many of its coefficients one of the budget's buys
     */
    void add(PlannedTensor tensor, FrequencyAxes axes, int density) {
        Parameter parameter = tensor.parameter();
        NDArray weights = parameter.isInitialized() ? parameter.getArray() : null;
        tensors.add(new Tensor(tensor.name(), tensor.shape(), axes, weights, density));
    }

    /**
     * Shares.
     *
     * @param budget the coefficients of all tensors, those of a dense tensor divided by its
     *     density, one or more for each
     * @return the coefficients of each, by name
     */
    Map<String, Long> share(long budget) {
        // The order in which a network's parts are found is not always the same.
        tensors.sort(Comparator.comparing(Tensor::name));
        if (tensors.stream().allMatch(tensor -> tensor.weights != null)) {
            shareByEnergy(budget);
        } else {
            shareEqually(budget);
        }
        for (Tensor tensor : tensors) {
            long most = tensor.shape.size();
            shares.computeIfPresent(
                    tensor.name, (name, share) -> Math.min(most, share * tensor.density));
        }
        return shares;
    }

    private void shareEqually(long budget) {
        tensors.forEach(tensor -> shares.put(tensor.name, 0L));
        long rest = budget;
        for (ToLongFunction<Tensor> most :
                List.<ToLongFunction<Tensor>>of(Tensor::enough, Tensor::size)) {
            List<Tensor> bySize = new ArrayList<>(tensors);
            bySize.sort(
                    Comparator.comparingLong((Tensor t) -> room(t, most))
                            .thenComparing(Tensor::name));
            int left = bySize.size();
            for (Tensor tensor : bySize) {
                long share = Math.min(rest / left, room(tensor, most));
                shares.merge(tensor.name, share, Long::sum);
                rest -= share;
                left--;
            }
        }
    }

    private long room(Tensor tensor, ToLongFunction<Tensor> most) {
        return most.applyAsLong(tensor) - shares.get(tensor.name);
    }

    private void shareByEnergy(long budget) {
        List<Step> steps = new ArrayList<>();
        for (Tensor tensor : tensors) {
            shares.put(tensor.name, 1L);
            steps.addAll(steps(tensor, budget));
        }
        // Sorting is stable, and the steps of one tensor are never steeper than those before.
        steps.sort(Comparator.comparingDouble(Step::slope).reversed());
        long rest = budget - tensors.size();
        for (Step step : steps) {
            long taken = Math.min(rest, step.count);
            shares.merge(step.name, taken, Long::sum);
            rest -= taken;
        }
    }

    /** The concave hull of the worth of the first coefficients, behind the first one. */
    private static List<Step> steps(Tensor tensor, long budget) {
        double[] energies = tensor.energies(Math.min(tensor.size(), budget));
        double energy = tensor.energy();
        Deque<Step> hull = new ArrayDeque<>();
        for (int i = 1; i < energies.length; i++) {
            Step step = new Step(tensor.name, 1, energy == 0 ? 0 : energies[i] / energy);
            while (!hull.isEmpty() && hull.peekLast().slope() <= step.slope()) {
                Step last = hull.removeLast();
                step = new Step(tensor.name, last.count + step.count, last.worth + step.worth);
            }
            hull.addLast(step);
        }
        return new ArrayList<>(hull);
    }

    /** Some coefficients that are taken together, and what they are worth. */
    private record Step(String name, long count, double worth) {

        double slope() {
            return worth / count;
        }
    }

    private record Tensor(
            String name, Shape shape, FrequencyAxes axes, NDArray weights, int density) {

        long size() {
            return (shape.size() + density - 1) / density;
        }

        /** What a fresh tensor can use while others can use more. */
        long enough() {
            return shape.dimension() == 1 ? (long) Math.ceil(Math.sqrt(size())) : size();
        }

        /**
         * Of the first coefficients, the squares, summed over as many as one of the budget buys.
         */
        double[] energies(long count) {
            float[] coefficients = first(Math.min(shape.size(), count * density));
            double[] energies = new double[Math.toIntExact(count)];
            for (int i = 0; i < coefficients.length; i++) {
                energies[i / density] += coefficients[i] * (double) coefficients[i];
            }
            return energies;
        }

        private float[] first(long count) {
            ZigzagMask mask = axes.mask(shape, count);
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
            try (NDManager scratch = weights.getManager().newSubManager()) {
                NDArray plain = weights.stopGradient();
                plain.attach(scratch);
                NDArray floats = plain.toType(DataType.FLOAT64, true);
                return floats.square().sum().getDouble();
            }
        }
    }
}
