package io.github.freqreg.file;

import java.util.HashMap;
import java.util.Map;

/** The relation between the steps of a network's tensors: 1/√s_t for the sensitivity s_t. */
final class StepUnits {

    private StepUnits() {}

    /**
     * Returns the relative steps.
     *
     * @param defaults 1/√s_t of each tensor where nothing is known about its sensitivity
     * @param sensitivities s_t of all tensors by name, or an empty map. A tensor with the
     *     sensitivity 0 gets its default, scaled by the mean ratio of the others
     * @return 1/√s_t of each tensor
     * @throws IllegalArgumentException if a sensitivity is missing or negative
     */
    static Map<String, Double> of(Map<String, Double> defaults, Map<String, Double> sensitivities) {
        double logarithms = 0;
        Map<String, Double> found = new HashMap<>();
        for (Map.Entry<String, Double> each : defaults.entrySet()) {
            double sensitivity = sensitivity(each.getKey(), sensitivities);
            if (sensitivity > 0) {
                double unit = 1 / Math.sqrt(sensitivity);
                found.put(each.getKey(), unit);
                logarithms += Math.log(unit / each.getValue());
            }
        }
        double relative = found.isEmpty() ? 1 : Math.exp(logarithms / found.size());
        Map<String, Double> units = new HashMap<>(defaults);
        units.replaceAll((name, unit) -> found.getOrDefault(name, unit * relative));
        return units;
    }

    private static double sensitivity(String name, Map<String, Double> sensitivities) {
        Double sensitivity = sensitivities.isEmpty() ? Double.valueOf(0) : sensitivities.get(name);
        if (sensitivity == null || !(sensitivity >= 0) || sensitivity.isInfinite()) {
            throw new IllegalArgumentException(
                    "Expected a sensitivity of 0 or more of " + name + " but found " + sensitivity);
        }
        return sensitivity;
    }
}
