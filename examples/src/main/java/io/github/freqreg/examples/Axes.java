package io.github.freqreg.examples;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.LayerType;
import io.github.freqreg.TensorChoice;
import io.github.freqreg.examples.networks.VisionTransformer;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What is done with the axes of a network's tensors beyond the paper.
 *
 * <p>They are split: frequencies are along maps, rows and columns, rather than along the row of
 * numbers that they are flattened to. And they are weighted: a convolution's channels get more
 * frequencies than its kernel, units more than the maps before them, and these more than rows and
 * columns.
 */
final class Axes {

    /** Units, maps, rows and columns. */
    private static final int[] FLATTENED = {1, 2, 3, 3};

    private static final int CHANNELS = 2;
    private static final int KERNEL = 2;

    private Axes() {}

    /** The channels' axes once, those of the kernel twice. */
    private static int[] kernel(int rank) {
        int[] weights = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            weights[axis] = axis < CHANNELS ? 1 : KERNEL;
        }
        return weights;
    }

    /**
     * Adds what is asked for to a policy.
     *
     * @param builder the policy
     * @param network the network
     * @param tensors its parameters, with their shapes
     * @param splits whether axes are split
     * @param weighs whether they are weighted
     * @throws IllegalArgumentException if there is nothing to split
     */
    static void add(
            FrequencyRegularization.Builder builder,
            Network network,
            List<TensorChoice> tensors,
            boolean splits,
            boolean weighs) {
        long maps = 0;
        boolean any = !splits;
        for (TensorChoice tensor : tensors) {
            if (!tensor.regularized() || tensor.shape().dimension() < 2) {
                continue;
            }
            Shape split = splits ? of(network, tensor, maps) : null;
            if (split != null) {
                builder.addSplit(exactly(tensor), split);
                any = true;
            }
            boolean flattened = split != null && maps > 0;
            if (weighs && flattened) {
                builder.addAxisWeights(exactly(tensor), FLATTENED);
            } else if (weighs && tensor.shape().dimension() > 2) {
                builder.addAxisWeights(exactly(tensor), kernel(tensor.shape().dimension()));
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
