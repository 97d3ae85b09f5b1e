package io.github.freqreg.block;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import org.jspecify.annotations.Nullable;

/** The specification of one tensor, made from its rule once the shape is known. */
final class ShapedSpec {

    private final TensorSpec.Rule rule;
    private volatile @Nullable Resolved last;

    ShapedSpec(TensorSpec.Rule rule) {
        this.rule = rule;
    }

    /** Returns the specification for a shape. */
    TensorSpec of(Shape shape) {
        Resolved known = last;
        if (known == null || !known.shape.equals(shape)) {
            known = new Resolved(shape, rule.of(shape));
            last = known;
        }
        return known.spec;
    }

    /** Changes the axes for a shape. */
    void setAxes(Shape shape, FrequencyAxes axes) {
        last = new Resolved(shape, of(shape).along(axes));
    }

    private record Resolved(Shape shape, TensorSpec spec) {}
}
