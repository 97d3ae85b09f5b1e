package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.ArrayView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Feature maps that are concatenated along their channels when they are read, see {@link
 * ChannelConcat}. Projected, they are the sum of the parts' projections: with the rows P_i of the
 * basis that belong to part i,
 *
 * <pre>
 * Pᵀ y = Σ_i P_iᵀ y_i
 * </pre>
 *
 * <p>Instances are safe for concurrent use.
 */
final class JoinedMaps extends LazyList implements LazyMaps {

    private static final long serialVersionUID = 1L;

    private final transient List<NDList> parts;
    private final transient List<NDList> owned;
    private final transient Shape shape;
    private transient boolean computed;
    private transient boolean closed;

    /**
     * Joins maps.
     *
     * @param parts lists of one array each, alike in shape but for the channels
     * @param owned those that are closed with this list
     */
    JoinedMaps(List<NDList> parts, List<NDList> owned) {
        this.parts = List.copyOf(parts);
        this.owned = List.copyOf(owned);
        Shape first = shape(parts.get(0));
        long channels = parts.stream().mapToLong(part -> shape(part).get(1)).sum();
        shape = new Shape(first.get(0), channels).addAll(first.slice(2));
    }

    /** Returns the shape of the only array of a list, without computing it. */
    static Shape shape(NDList part) {
        return look(part, LazyMaps::getShape, NDArray::getShape);
    }

    /** Looks at the only array of a list, without computing it if it is not computed yet. */
    private static <T> T look(
            NDList part, Function<LazyMaps, T> waiting, Function<NDArray, T> computed) {
        return part instanceof LazyMaps maps && !maps.isComputed()
                ? waiting.apply(maps)
                : computed.apply(part.singletonOrThrow());
    }

    /** {@inheritDoc} */
    @Override
    public synchronized boolean isComputed() {
        return computed;
    }

    /** {@inheritDoc} */
    @Override
    public Device getDevice() {
        return look(parts.get(0), LazyMaps::getDevice, NDArray::getDevice);
    }

    /** {@inheritDoc} */
    @Override
    public Shape getShape() {
        return shape;
    }

    /** {@inheritDoc} */
    @Override
    public DataType getDataType() {
        return look(parts.get(0), LazyMaps::getDataType, NDArray::getDataType);
    }

    /** {@inheritDoc} */
    @Override
    public boolean inGraph() {
        return parts.stream().anyMatch(part -> look(part, LazyMaps::inGraph, NDArray::hasGradient));
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** {@inheritDoc} */
    @Override
    public boolean canNormalize() {
        return false;
    }

    /** {@inheritDoc} */
    @Override
    public NDList normalize(ChannelNorm norm) {
        throw new IllegalStateException(
                "Concatenated maps cannot be normalised before they are computed");
    }

    /** {@inheritDoc} */
    @Override
    public boolean canProject() {
        return !isClosed() && !isComputed();
    }

    /** {@inheritDoc} */
    @Override
    public NDArray project(NDArray basis, NDManager manager) {
        try (NDManager scratch = manager.newSubManager(getDevice())) {
            List<NDArray> terms = new ArrayList<>();
            long from = 0;
            for (NDList part : parts) {
                long to = from + shape(part).get(1);
                NDArray rows = basis.get(scratch, new NDIndex(from + ":" + to));
                terms.add(
                        LazyMaps.projectable(part)
                                .map(maps -> maps.project(rows, scratch))
                                .orElseGet(() -> product(rows, part.singletonOrThrow(), scratch)));
                from = to;
            }
            NDArray sum = terms.get(0);
            for (NDArray term : terms.subList(1, terms.size())) {
                try (NDArray before = sum;
                        term) {
                    sum = before.add(term);
                }
            }
            sum.attach(manager);
            return sum;
        }
    }

    private static NDArray product(NDArray rows, NDArray image, NDManager scratch) {
        Shape places = image.getShape().slice(2);
        NDArray lines =
                ArrayView.of(image, scratch)
                        .reshape(image.getShape().get(0), rows.getShape().get(0), places.size());
        Shape result = new Shape(image.getShape().get(0), rows.getShape().get(1)).addAll(places);
        return rows.transpose().matMul(lines).reshape(result);
    }

    /** {@inheritDoc} */
    @Override
    public Optional<NDList> pad(Shape places) {
        return Optional.empty();
    }

    @Override
    protected synchronized void compute() {
        if (closed && !computed) {
            throw new IllegalStateException("The maps were closed before they were read");
        }
        if (!computed) {
            NDList arrays = new NDList();
            parts.forEach(part -> arrays.add(part.singletonOrThrow()));
            // DJL copies a single array without its gradient.
            put(arrays.size() == 1 ? arrays.head().add(0) : NDArrays.concat(arrays, 1));
            computed = true;
            owned.forEach(NDList::close);
        }
    }

    /** {@inheritDoc} */
    @Override
    public synchronized NDManager getManager() {
        return computed ? super.getManager() : parts.get(0).getManager();
    }

    /** Frees the concatenation and padded parts; the parts themselves belong to the caller. */
    @Override
    public synchronized void close() {
        if (computed) {
            super.close();
        } else if (!closed) {
            owned.forEach(NDList::close);
        }
        closed = true;
    }
}
