package io.github.freqreg.examples.tasks;

/** What is done beyond the paper with the axes of tensors, see {@link Axes}. */
public enum AxisTreatment {
    /** Frequencies run along maps, rows and columns where these were flattened. */
    SPLIT,
    /** Some axes get more frequencies than others. */
    WEIGHTED
}
