package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import org.jspecify.annotations.Nullable;

/**
 * What a policy does with one tensor of a model, and why.
 *
 * @param name the parameter's name in the model's {@code getParameters()}
 * @param layer the kind of layer that owns it
 * @param shape its shape, or null while the model is not initialised
 * @param regularized whether its coefficients take its place
 * @param reason why, in words
 */
public record TensorChoice(
        String name, LayerType layer, @Nullable Shape shape, boolean regularized, String reason) {

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return (regularized ? "wrapped    " : "left alone ")
                + name
                + (shape == null ? "" : " " + shape)
                + ": "
                + reason;
    }
}
