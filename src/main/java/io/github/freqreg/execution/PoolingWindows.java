package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Windows of a max pooling that neither overlap nor leave gaps. What does not fill a window at the
 * far end of an axis is left out.
 *
 * <p>Their maxima are computed axis by axis, each as the elementwise maximum of as many arrays as
 * the window is long. On a CPU this is several times as fast as the engine's pooling, which also
 * finds the position of each maximum. The gradient would be slower, and long windows would take
 * much memory for little gain.
 *
 * @param size the extents of a window, one for each axis after batch and channels
 */
record PoolingWindows(Shape size) {

    private static final long LONGEST = 4;

    /** The first axis after batch and channels. */
    private static final int FIRST_PLACE = 2;

    /**
     * Returns the windows of a pooling.
     *
     * @param settings of the pooling, in any order: the shapes of kernel, stride and padding, and
     *     DJL's {@code ceilMode}, with which a partial window at the end of an axis counts, too
     * @return the windows, or nothing if the stride is not the kernel, if there is a padding, if
     *     partial windows count, or if windows consist of one place or are too long
     */
    static Optional<PoolingWindows> of(List<Object> settings) {
        if (settings.size() != 4 || !settings.contains(false)) {
            return Optional.empty();
        }
        List<Shape> shapes =
                settings.stream().filter(Shape.class::isInstance).map(Shape.class::cast).toList();
        List<Shape> windows = shapes.stream().filter(each -> each.size() > 0).toList();
        boolean fit =
                shapes.size() == 3
                        && windows.size() == 2
                        && windows.get(0).equals(windows.get(1))
                        && shapes.stream().anyMatch(PoolingWindows::isZero);
        return fit
                ? Optional.of(new PoolingWindows(windows.get(0))).filter(PoolingWindows::areShort)
                : Optional.empty();
    }

    private boolean areShort() {
        return size.size() > 1 && Arrays.stream(size.getShape()).allMatch(each -> each <= LONGEST);
    }

    private static boolean isZero(Shape shape) {
        return Arrays.stream(shape.getShape()).allMatch(each -> each == 0);
    }

    /**
     * Returns whether maps hold at least one window.
     *
     * @param maps the shape (batch, channels, …)
     */
    boolean fit(Shape maps) {
        if (maps.dimension() != FIRST_PLACE + size.dimension()) {
            return false;
        }
        for (int axis = 0; axis < size.dimension(); axis++) {
            if (maps.get(FIRST_PLACE + axis) < size.get(axis)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Computes the maximum of each window.
     *
     * @param maps (batch, channels, …) with at least one window, see {@link #fit}
     * @return the maxima, which belong to the manager of the maps
     */
    NDArray maxima(NDArray maps) {
        NDManager manager = maps.getManager();
        try (NDManager scratch = manager.newSubManager(maps.getDevice())) {
            NDArray maxima = ArrayView.of(maps, scratch);
            for (int axis = 0; axis < size.dimension(); axis++) {
                maxima = maxima(maxima, FIRST_PLACE + axis, size.get(axis));
            }
            maxima.attach(manager);
            return maxima;
        }
    }

    private static NDArray maxima(NDArray maps, int axis, long length) {
        Shape shape = maps.getShape();
        Shape outer = shape.slice(0, axis);
        Shape inner = shape.slice(axis + 1);
        long windows = shape.get(axis) / length;
        NDArray whole = maps.get(new NDIndex().addAllDim(axis).addSliceDim(0, windows * length));
        NDList places =
                whole.reshape(outer.add(windows, length).addAll(inner)).split(length, axis + 1);
        NDArray maxima = places.get(0);
        for (NDArray place : places.subList(1, places.size())) {
            maxima = maxima.maximum(place);
        }
        return maxima.reshape(outer.add(windows).addAll(inner));
    }
}
