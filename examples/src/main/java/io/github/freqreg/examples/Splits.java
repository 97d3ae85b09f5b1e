package io.github.freqreg.examples;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.LayerType;
import io.github.freqreg.TensorChoice;
import io.github.freqreg.examples.networks.VisionTransformer;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the axes of a network's tensors are made of, beyond the paper: frequencies along maps, rows
 * and columns, rather than along the row of numbers that they are flattened to.
 */
final class Splits {

    private Splits() {}

    /**
     * Adds the splits of a network to a policy.
     *
     * @param builder the policy
     * @param network the network
     * @param tensors its parameters, with their shapes
     * @throws IllegalArgumentException if there is nothing to split
     */
    static void add(
            FrequencyRegularization.Builder builder, Network network, List<TensorChoice> tensors) {
        long maps = 0;
        boolean any = false;
        for (TensorChoice tensor : tensors) {
            if (!tensor.regularized() || tensor.shape().dimension() < 2) {
                continue;
            }
            Shape split = of(network, tensor, maps);
            if (split != null) {
                builder.addSplit(exactly(tensor), split);
                any = true;
            }
            // Maps are flattened once, before the first linear layer.
            maps = tensor.layer() == LayerType.CONVOLUTION ? tensor.shape().get(0) : 0;
        }
        if (!any) {
            throw new IllegalArgumentException(
                    "--split has no meaning for "
                            + network.command()
                            + ": none of its tensors has axes to split");
        }
    }

    /** The expression that finds one tensor alone. */
    static String exactly(TensorChoice tensor) {
        return "^" + Pattern.quote(tensor.name()) + "$";
    }

    /**
     * The shape that splits a tensor, or null.
     *
     * @param maps the channels of the convolution before it, or 0
     */
    private static Shape of(Network network, TensorChoice tensor, long maps) {
        Shape shape = tensor.shape();
        return switch (network) {
            case LENET, ALEXNET ->
                    tensor.layer() == LayerType.LINEAR ? flattened(shape, maps) : null;
            case VAE -> {
                long[] image = {Digits.SIDE, Digits.SIDE};
                long pixels = image[0] * image[1];
                yield shape.get(1) == pixels
                        ? new Shape(shape.get(0)).addAll(new Shape(image))
                        : shape.get(0) == pixels ? new Shape(image).add(shape.get(1)) : null;
            }
            case VIT -> heads(tensor.name(), shape);
            default -> null;
        };
    }

    /** Behind maps that are squares. */
    private static Shape flattened(Shape shape, long maps) {
        long side = maps == 0 ? 0 : Math.round(Math.sqrt((double) shape.get(1) / maps));
        return side > 1 && maps * side * side == shape.get(1)
                ? new Shape(shape.get(0), maps, side, side)
                : null;
    }

    /** Queries, keys and values of each head, and what the heads answer. */
    private static Shape heads(String name, Shape shape) {
        long heads = shape.get(1) / VisionTransformer.HEAD;
        if (name.contains("qkv")) {
            return new Shape(3, heads, VisionTransformer.HEAD, shape.get(1));
        }
        return name.contains("out") ? new Shape(shape.get(0), heads, VisionTransformer.HEAD) : null;
    }
}
