package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.networks.VisionTransformer;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.policy.TensorChoice;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Adds axis splits and axis weights to a policy, two extensions of the paper's method.
 *
 * <p>A split transforms a tensor in a shape with more axes than its own: the inputs of a linear
 * layer behind a flattening along feature maps, rows and columns, an attention weight along its
 * heads. Axis weights change the zigzag order so that the kept prefix reaches further along some
 * axes than along others: further along channels than along the rows and columns of a kernel,
 * further along units than along feature maps, and further along these than along rows and columns.
 */
public final class Axes {

    private static final int CHANNELS = 2;
    private static final int KERNEL = 4;

    /** The weight of LeNet's kernels, with which its learning rates were tuned. */
    private static final int KERNEL_OF_LENET = 2;

    private Axes() {}

    /**
     * The shape in which a tensor is transformed.
     *
     * @param shape the shape, which splits axes of the tensor
     * @param weights the weight of each of its axes; empty for equal weights
     */
    private record Split(Shape shape, int... weights) {

        /** The axes are units, feature maps, rows and columns. */
        static Split flattened(Shape shape) {
            return new Split(shape, 1, 2, 3, 3);
        }

        static Split fromImage(long units, long... image) {
            return new Split(new Shape(units).addAll(new Shape(image)), 1, 6, 6);
        }

        static Split toImage(long units, long... image) {
            return new Split(new Shape(image).add(units), 6, 6, 1);
        }

        static Split heads(long... shape) {
            return new Split(new Shape(shape));
        }
    }

    /** Returns weight 1 for the axes of the channels and a larger one for those of the kernel. */
    private static int[] kernel(Network network, int rank) {
        int[] weights = new int[rank];
        Arrays.fill(weights, network == Network.LENET ? KERNEL_OF_LENET : KERNEL);
        Arrays.fill(weights, 0, CHANNELS, 1);
        return weights;
    }

    /**
     * Adds splits and weights to a policy.
     *
     * @param builder the policy
     * @param network the network
     * @param tensors its parameters, with their shapes, in the network's order
     */
    public static void add(
            FrequencyRegularizationBuilder builder, Network network, List<TensorChoice> tensors) {
        long maps = 0;
        for (TensorChoice tensor : tensors) {
            if (!tensor.regularized() || shape(tensor).dimension() < 2) {
                continue;
            }
            Optional<Split> split = of(network, tensor, maps);
            int[] weights = {};
            if (split.isPresent()) {
                builder.addSplit(exactly(tensor), split.get().shape());
                weights = split.get().weights();
            } else if (shape(tensor).dimension() > CHANNELS) {
                weights = kernel(network, shape(tensor).dimension());
            }
            if (weights.length > 0) {
                builder.addAxisWeights(exactly(tensor), weights);
            }
            // Only the first linear layer follows the flattening of the feature maps.
            maps = tensor.layer() == LayerType.CONVOLUTION ? shape(tensor).get(0) : 0;
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

    /**
     * Returns the split of a tensor; empty if it has no axis to split.
     *
     * @param maps the output channels of the layer before it if that is a convolution, otherwise 0
     */
    private static Optional<Split> of(Network network, TensorChoice tensor, long maps) {
        Shape shape = shape(tensor);
        return switch (network) {
            case LENET, ALEXNET ->
                    tensor.layer() == LayerType.LINEAR ? flattened(shape, maps) : Optional.empty();
            case VAE -> {
                long side = Digits.SIDE;
                if (shape.get(1) == side * side) {
                    yield Optional.of(Split.fromImage(shape.get(0), side, side));
                }
                yield shape.get(0) == side * side
                        ? Optional.of(Split.toImage(shape.get(1), side, side))
                        : Optional.empty();
            }
            case VIT -> heads(tensor.name(), shape);
            default -> Optional.empty();
        };
    }

    /** Splits the inputs of a linear layer that follows square feature maps. */
    private static Optional<Split> flattened(Shape shape, long maps) {
        long side = maps == 0 ? 0 : Math.round(Math.sqrt((double) shape.get(1) / maps));
        return side > 1 && maps * side * side == shape.get(1)
                ? Optional.of(Split.flattened(new Shape(shape.get(0), maps, side, side)))
                : Optional.empty();
    }

    /** Splits the projections of an attention layer along queries, keys, values and heads. */
    private static Optional<Split> heads(String name, Shape shape) {
        long heads = shape.get(1) / VisionTransformer.HEAD;
        if (name.contains("qkv")) {
            return Optional.of(Split.heads(3, heads, VisionTransformer.HEAD, shape.get(1)));
        }
        return name.contains("out")
                ? Optional.of(Split.heads(shape.get(0), heads, VisionTransformer.HEAD))
                : Optional.empty();
    }
}
