package io.github.freqreg.nn;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import java.util.ArrayList;
import java.util.List;

/**
 * Concatenates feature maps along their channels, as networks with skip connections do.
 *
 * <p>It computes what {@code NDArrays.concat} computes, and pads smaller parts. But if a layer in
 * the frequency domain reads the result, it projects each part by itself, and neither the
 * concatenation nor parts that have not been expanded yet are stored.
 *
 * <pre>
 * new ParallelBlock(ChannelConcat::concat, branches)
 * </pre>
 */
public final class ChannelConcat {

    private static final int CHANNELS = 1;

    private ChannelConcat() {}

    /**
     * A sequential block whose output is concatenated: if its last layer is a convolution in the
     * frequency domain, its channels are not computed before the concatenation is read.
     */
    public static final class Branch extends SequentialBlock {}

    /**
     * Concatenates maps. Maps smaller than the first ones are padded with zeros to the same height
     * and width; the smaller half of the zeros goes before the map.
     *
     * @param parts one or more lists, each of one array (batch, channels, …). They must stay open,
     *     and their arrays unchanged, until the result has been read
     * @return the concatenation, computed when it is read, on the manager of the first part
     * @throws IllegalArgumentException if there is no part, or the shapes do not fit
     */
    public static NDList concat(List<NDList> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("There is nothing to concatenate");
        }
        Shape first = JoinedMaps.shape(parts.get(0));
        List<NDList> joined = new ArrayList<>();
        List<NDList> padded = new ArrayList<>();
        for (NDList part : parts) {
            Shape shape = JoinedMaps.shape(part);
            check(first, shape, joined.size());
            Shape places = first.slice(CHANNELS + 1);
            if (shape.slice(CHANNELS + 1).equals(places)) {
                joined.add(part);
            } else {
                padded.add(pad(part, places));
                joined.add(padded.get(padded.size() - 1));
            }
        }
        return new JoinedMaps(joined, padded);
    }

    private static void check(Shape first, Shape shape, int index) {
        boolean fits =
                first.dimension() > CHANNELS
                        && shape.dimension() == first.dimension()
                        && shape.get(0) == first.get(0);
        for (int axis = CHANNELS + 1; fits && axis < first.dimension(); axis++) {
            fits = shape.get(axis) <= first.get(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "Part "
                            + index
                            + " has the shape "
                            + shape
                            + " but the first part has "
                            + first
                            + ": expected (batch, channels, …) with the same batch, and no greater"
                            + " height or width");
        }
    }

    private static NDList pad(NDList part, Shape places) {
        if (part instanceof LazyMaps maps && !maps.isComputed()) {
            return maps.pad(places).orElseGet(() -> padArray(part, places));
        }
        return padArray(part, places);
    }

    private static NDList padArray(NDList part, Shape places) {
        return new NDList(ZeroPadding.pad(part.singletonOrThrow(), places));
    }
}
