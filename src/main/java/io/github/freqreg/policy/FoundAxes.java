package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The axes that a policy finds for a weight by itself, and why.
 *
 * <p>The weights of the axes were chosen on the networks of the examples. In the zigzag order,
 * units count least, feature maps more, and rows and columns most.
 *
 * @param axes of the cosine transform
 * @param reason why, in words
 */
record FoundAxes(FrequencyAxes axes, String reason) {

    private static final int UNITS = 1;
    private static final int CHANNELS = 1;
    private static final int KERNEL = 4;
    private static final int MAPS = 2;
    private static final int SPACE = 3;

    /** The weight of rows and columns of a single map, such as a grey image. */
    private static final int IMAGE = 6;

    /** The axes of channels in the weight of a convolution. */
    private static final int CHANNEL_AXES = 2;

    /** What one example is before it is flattened, or after it is restored. */
    enum Layout {
        /** Feature maps, followed by the axes of space. */
        MAPS_FIRST,
        /** The axes of time or space, followed by features. */
        FEATURES_LAST,
        /** The axes of a single map. */
        SPACE_ONLY
    }

    /**
     * Splits the inputs of a linear layer behind a flattening.
     *
     * @param units of the layer
     * @param example the shape of an example before it was flattened
     * @param layout of the example
     * @return the axes, or nothing if fewer than two axes have more than one element
     */
    static Optional<FoundAxes> flattened(long units, Shape example, Layout layout) {
        Axes parts = Axes.of(example, layout);
        return parts.isSplit()
                ? Optional.of(
                        new Axes(List.of(units), List.of(UNITS))
                                .and(parts)
                                .because(
                                        "its inputs are "
                                                + describe(example, layout)
                                                + " that were flattened"))
                : Optional.empty();
    }

    /**
     * Returns the maps of equal sides that have as many elements.
     *
     * @param maps their number, as the convolution before a linear layer gives them
     * @param space the number of axes of space
     * @param elements of an example, as the linear layer takes them
     * @return (maps, side, …), or nothing if there are no such maps
     */
    static Optional<Shape> maps(long maps, int space, long elements) {
        long side = Math.round(Math.pow((double) elements / maps, 1.0 / space));
        Shape shape = new Shape(maps);
        for (int axis = 0; axis < space; axis++) {
            shape = shape.add(side);
        }
        return side > 1 && shape.size() == elements ? Optional.of(shape) : Optional.empty();
    }

    /**
     * Splits the outputs of a linear layer that are reshaped.
     *
     * @param example the shape of an example after reshaping
     * @param layout of the example
     * @param inputs of the layer
     * @return the axes, or nothing if fewer than two axes have more than one element
     */
    static Optional<FoundAxes> restored(Shape example, Layout layout, long inputs) {
        Axes parts = Axes.of(example, layout);
        return parts.isSplit()
                ? Optional.of(
                        parts.and(new Axes(List.of(inputs), List.of(UNITS)))
                                .because("its outputs become " + describe(example, layout)))
                : Optional.empty();
    }

    /** Splits the outputs of a projection to queries, keys or values along the heads. */
    static FoundAxes toHeads(long heads, long size, long inputs) {
        return new FoundAxes(
                new FrequencyAxes(new Shape(heads, size, inputs), List.of()),
                "its outputs are those of " + heads + " heads of attention");
    }

    /** Splits the inputs of the projection behind attention along the heads. */
    static FoundAxes fromHeads(long units, long heads, long size) {
        return new FoundAxes(
                new FrequencyAxes(new Shape(units, heads, size), List.of()),
                "its inputs are those of " + heads + " heads of attention");
    }

    /**
     * Weights the kernel of a convolution.
     *
     * @param weight the shape of the convolution's weight
     * @return the axes, or nothing if the kernel has one element
     */
    static Optional<FoundAxes> kernel(Shape weight) {
        if (weight.dimension() <= CHANNEL_AXES || weight.slice(CHANNEL_AXES).size() == 1) {
            return Optional.empty();
        }
        List<Integer> weights = new ArrayList<>(Collections.nCopies(weight.dimension(), KERNEL));
        Collections.fill(weights.subList(0, CHANNEL_AXES), CHANNELS);
        return Optional.of(
                new FoundAxes(
                        new FrequencyAxes(null, weights),
                        "a kernel needs fewer frequencies than its channels"));
    }

    private static String describe(Shape example, Layout layout) {
        return switch (layout) {
            case MAPS_FIRST -> example.get(0) == 1 ? "an image" : "feature maps";
            case FEATURES_LAST -> "sequences of features";
            case SPACE_ONLY -> "an image";
        };
    }

    /** Extents with their weights, without those of one element. */
    private record Axes(List<Long> extents, List<Integer> weights) {

        static Axes of(Shape example, Layout layout) {
            int last = example.dimension() - 1;
            int features =
                    switch (layout) {
                        case MAPS_FIRST -> 0;
                        case FEATURES_LAST -> last;
                        case SPACE_ONLY -> -1;
                    };
            boolean single = features < 0 || example.get(features) == 1;
            List<Long> extents = new ArrayList<>();
            List<Integer> weights = new ArrayList<>();
            for (int axis = 0; axis <= last; axis++) {
                if (example.get(axis) > 1) {
                    extents.add(example.get(axis));
                    weights.add(axis == features ? MAPS : single ? IMAGE : SPACE);
                }
            }
            return new Axes(extents, weights);
        }

        boolean isSplit() {
            return extents.size() > 1;
        }

        Axes and(Axes others) {
            return new Axes(
                    Stream.concat(extents.stream(), others.extents.stream()).toList(),
                    Stream.concat(weights.stream(), others.weights.stream()).toList());
        }

        FoundAxes because(String reason) {
            long[] shape = extents.stream().mapToLong(Long::longValue).toArray();
            return new FoundAxes(new FrequencyAxes(new Shape(shape), weights), reason);
        }
    }
}
