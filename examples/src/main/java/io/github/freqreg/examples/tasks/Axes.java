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
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What is done with the axes of a network's tensors beyond the paper.
 *
 * <p>They are split: frequencies are along maps, rows and columns, rather than along the row of
 * numbers that they are flattened to. And they are weighted: a convolution's channels get more
 * frequencies than its kernel, units more than the maps before them, and these more than rows and
 * columns.
 */
public final class Axes {

    private static final int CHANNELS = 2;
    private static final int KERNEL = 4;

    /** With which its recipes were found. */
    private static final int KERNEL_OF_LENET = 2;

    private Axes() {}

    /**
     * How a tensor is seen.
     *
     * @param shape the shape that splits its axes
     * @param weights of these axes; empty if all are the same
     */
    private record Split(Shape shape, int... weights) {

        /** Units, maps, rows and columns. */
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

    /** The channels' axes once, those of the kernel more often. */
    private static int[] kernel(Network network, int rank) {
        int[] weights = new int[rank];
        Arrays.fill(weights, network == Network.LENET ? KERNEL_OF_LENET : KERNEL);
        Arrays.fill(weights, 0, CHANNELS, 1);
        return weights;
    }

    /**
     * Adds what is asked for to a policy.
     *
     * @param builder the policy
     * @param network the network
     * @param tensors its parameters, with their shapes
     * @param treatment what is asked for
     * @throws IllegalArgumentException if there is nothing to split
     */
    public static void add(
            FrequencyRegularizationBuilder builder,
            Network network,
            List<TensorChoice> tensors,
            Set<AxisTreatment> treatment) {
        boolean splits = treatment.contains(AxisTreatment.SPLIT);
        long maps = 0;
        boolean any = !splits;
        for (TensorChoice tensor : tensors) {
            if (!tensor.regularized() || shape(tensor).dimension() < 2) {
                continue;
            }
            Optional<Split> split = splits ? of(network, tensor, maps) : Optional.empty();
            int[] weights = {};
            if (split.isPresent()) {
                builder.addSplit(exactly(tensor), split.get().shape());
                weights = split.get().weights();
                any = true;
            } else if (shape(tensor).dimension() > CHANNELS) {
                weights = kernel(network, shape(tensor).dimension());
            }
            if (treatment.contains(AxisTreatment.WEIGHTED) && weights.length > 0) {
                builder.addAxisWeights(exactly(tensor), weights);
            }
            // Maps are flattened once, before the first linear layer.
            maps = tensor.layer() == LayerType.CONVOLUTION ? shape(tensor).get(0) : 0;
        }
        if (!any) {
            throw new IllegalArgumentException(
                    "--split has no meaning for "
                            + network.command()
                            + ": none of its tensors has axes to split");
        }
    }

    /** The regular expression that matches the name of one tensor only. */
    public static String exactly(TensorChoice tensor) {
        return "^" + Pattern.quote(tensor.name()) + "$";
    }

    /** Returns the shape of a tensor of a plan that was made with the shapes of the inputs. */
    public static Shape shape(TensorChoice tensor) {
        return Objects.requireNonNull(tensor.shape(), tensor.name());
    }

    /**
     * How a tensor is split, if it can be.
     *
     * @param maps the channels of the convolution before it, or 0
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

    /** Behind maps that are squares. */
    private static Optional<Split> flattened(Shape shape, long maps) {
        long side = maps == 0 ? 0 : Math.round(Math.sqrt((double) shape.get(1) / maps));
        return side > 1 && maps * side * side == shape.get(1)
                ? Optional.of(Split.flattened(new Shape(shape.get(0), maps, side, side)))
                : Optional.empty();
    }

    /** Queries, keys and values of each head, and what the heads answer. */
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
