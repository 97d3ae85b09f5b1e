package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.networks.VisionTransformer;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Splits the attention weights of the vision transformer along queries, keys, values and heads.
 *
 * <p>A policy finds all other axes by itself. It cannot know the heads of this transformer, whose
 * attention is a class of its own.
 */
public final class Heads {

    private Heads() {}

    /**
     * Adds the splits to a policy.
     *
     * @param builder the policy
     * @param network the network; nothing happens if it is not the transformer
     * @param tensors its parameters, with their shapes
     */
    public static void split(
            FrequencyRegularizationBuilder builder, Network network, List<TensorChoice> tensors) {
        if (network != Network.VIT) {
            return;
        }
        for (TensorChoice tensor : tensors) {
            Shape shape = shape(tensor);
            if (!tensor.regularized() || shape.dimension() != 2) {
                continue;
            }
            long heads = shape.get(1) / VisionTransformer.HEAD;
            if (tensor.name().contains("qkv")) {
                Shape split = new Shape(3, heads, VisionTransformer.HEAD, shape.get(1));
                builder.addSplit(exactly(tensor), split);
            } else if (tensor.name().contains("out")) {
                Shape split = new Shape(shape.get(0), heads, VisionTransformer.HEAD);
                builder.addSplit(exactly(tensor), split);
            }
        }
    }

    /** Returns a regular expression that matches the name of this tensor only. */
    public static String exactly(TensorChoice tensor) {
        return "^" + Pattern.quote(tensor.name()) + "$";
    }

    /** Returns the shape of a tensor of a plan that was made with the shapes of the inputs. */
    public static Shape shape(TensorChoice tensor) {
        return Objects.requireNonNull(tensor.shape(), tensor.name());
    }
}
