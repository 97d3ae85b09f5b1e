package io.github.freqreg.examples.tasks;

/** The extensions of the paper's method that {@link Axes} adds to a policy. */
public enum AxisTreatment {
    /** Transforms flattened axes along feature maps, rows and columns. */
    SPLIT,
    /** Keeps more frequencies along some axes than along others. */
    WEIGHTED
}
