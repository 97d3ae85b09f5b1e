package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.nn.LazyMaps;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ListIterator;
import java.util.Optional;
import java.util.Spliterator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The output of a factored convolution whose channels are not computed yet.
 *
 * <p>Such a layer computes A small maps z, one for each frequency of its output channels, and a
 * matrix E that expands them to the channels. This list holds z and E. A block that knows the class
 * adds its own work to the expansion: {@code BatchStatisticsNorm} calls {@link #normalize}, {@link
 * FusedRelu} calls {@link #relu}, and the next factored convolution calls {@link #project}, so that
 * maps of all channels are never stored. For every other block it is an ordinary list of one array:
 * <b>each method of a list computes the channels first</b>. So a network computes the same whatever
 * blocks follow the convolution, also after a user has removed, replaced or moved some of them.
 *
 * <p>The small maps stay on the manager of the layer's input, as the intermediate results of DJL's
 * own blocks do, or until every list that holds them is closed. Made only outside of a gradient's
 * graph. Safe for concurrent use.
 */
public final class Unexpanded extends NDList implements LazyMaps {

    private static final long serialVersionUID = 1L;

    private final transient Maps maps;
    private final transient ChannelTail tail;
    private transient boolean expanded;
    private transient boolean closed;

    Unexpanded(Maps maps, ChannelTail tail) {
        this.maps = maps;
        this.tail = tail;
        maps.holders.incrementAndGet();
    }

    /**
     * Finds maps that still wait to be computed. What was read may have been changed since, so it
     * is an ordinary list from then on.
     *
     * @param list any list
     * @return the list itself, if it is one of these and was not read
     */
    static Optional<Unexpanded> waiting(NDList list) {
        return list instanceof Unexpanded maps && !maps.isComputed()
                ? Optional.of(maps)
                : Optional.empty();
    }

    /**
     * What a factored convolution has computed.
     *
     * @param small the maps z (batch, A, …), one for each frequency of the output channels
     * @param basis the matrix E (channels, A)
     * @param bias one number for each channel, or null
     * @param user is told how the maps are used
     * @param holders how many lists that are not closed hold them
     */
    record Maps(NDArray small, NDArray basis, NDArray bias, User user, AtomicInteger holders) {

        Maps(NDArray small, NDArray basis, NDArray bias, User user) {
            this(small, basis, bias, user, new AtomicInteger());
        }

        /** Frees the arrays when the last list is closed. */
        void leave() {
            if (holders.decrementAndGet() == 0) {
                small.close();
                basis.close();
                if (bias != null) {
                    bias.close();
                }
            }
        }

        /** The shape (batch, channels, …) of the output. */
        Shape shape() {
            Shape shape = small.getShape();
            return new Shape(shape.get(0), basis.getShape().get(0)).addAll(shape.slice(2));
        }
    }

    /** Is told how the maps of a layer are used. */
    @FunctionalInterface
    interface User {

        /**
         * Notes a use.
         *
         * @param fused whether other blocks have added their work
         * @param written whether the channels are stored, rather than projected at once
         */
        void use(boolean fused, boolean written);
    }

    /** {@inheritDoc} */
    @Override
    public synchronized boolean isComputed() {
        return expanded;
    }

    /** {@inheritDoc} */
    @Override
    public boolean canNormalize() {
        return !isComputed() && tail.canNormalize();
    }

    /** {@inheritDoc} */
    @Override
    public NDList normalize(float epsilon) {
        return new Unexpanded(maps, tail.normalize(epsilon));
    }

    /**
     * Adds a ReLU.
     *
     * @return max(0, channels), not computed yet
     */
    public NDList relu() {
        return new Unexpanded(maps, tail.rectify());
    }

    /**
     * Computes the channels and projects them onto frequencies, tile by tile.
     *
     * @param cosines the matrix (channels, B) of the next layer's frequencies
     * @param manager the manager of the result
     * @return the projections (batch, B, …)
     */
    NDArray project(NDArray cosines, NDManager manager) {
        maps.user.use(true, false);
        return tail.expand(maps, cosines, manager);
    }

    /** The shape of the one array of this list, which is not computed for it. */
    Shape getShape() {
        return maps.shape();
    }

    /** The data type of the one array of this list, which is not computed for it. */
    DataType getDataType() {
        return maps.small.getDataType();
    }

    /** The device of the one array of this list, which is not computed for it. */
    Device getDevice() {
        return maps.small.getDevice();
    }

    private synchronized void expand() {
        if (closed && !expanded) {
            throw new IllegalStateException("The output was closed before it was read");
        }
        if (!expanded) {
            super.add(tail.expand(maps, null, maps.small.getManager()));
            expanded = true;
            maps.user.use(!tail.isEmpty(), true);
        }
    }

    /** {@inheritDoc} */
    @Override
    public synchronized NDManager getManager() {
        return expanded ? super.getManager() : maps.small.getManager();
    }

    /** Frees what was computed; computes nothing for it. */
    @Override
    public synchronized void close() {
        if (expanded) {
            super.close();
        }
        if (!closed) {
            closed = true;
            maps.leave();
        }
    }

    // ArrayList keeps its elements in private fields, so each of its methods that reads them has to
    // compute the channels first. NDList's own methods call these. A test finds a forgotten one.

    /** {@inheritDoc} */
    @Override
    public int size() {
        expand();
        return super.size();
    }

    /** {@inheritDoc} */
    @Override
    public boolean isEmpty() {
        expand();
        return super.isEmpty();
    }

    /** {@inheritDoc} */
    @Override
    public NDArray get(int index) {
        expand();
        return super.get(index);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray set(int index, NDArray array) {
        expand();
        return super.set(index, array);
    }

    /** {@inheritDoc} */
    @Override
    public boolean add(NDArray array) {
        expand();
        return super.add(array);
    }

    /** {@inheritDoc} */
    @Override
    public void add(int index, NDArray array) {
        expand();
        super.add(index, array);
    }

    /** {@inheritDoc} */
    @Override
    public boolean addAll(Collection<? extends NDArray> arrays) {
        expand();
        return super.addAll(arrays);
    }

    /** {@inheritDoc} */
    @Override
    public boolean addAll(int index, Collection<? extends NDArray> arrays) {
        expand();
        return super.addAll(index, arrays);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray remove(int index) {
        expand();
        return super.remove(index);
    }

    /** {@inheritDoc} */
    @Override
    public boolean remove(Object element) {
        expand();
        return super.remove(element);
    }

    /** {@inheritDoc} */
    @Override
    public boolean removeAll(Collection<?> elements) {
        expand();
        return super.removeAll(elements);
    }

    /** {@inheritDoc} */
    @Override
    public boolean retainAll(Collection<?> elements) {
        expand();
        return super.retainAll(elements);
    }

    /** {@inheritDoc} */
    @Override
    public boolean removeIf(Predicate<? super NDArray> filter) {
        expand();
        return super.removeIf(filter);
    }

    /** {@inheritDoc} */
    @Override
    public void replaceAll(UnaryOperator<NDArray> operator) {
        expand();
        super.replaceAll(operator);
    }

    /** {@inheritDoc} */
    @Override
    public void sort(Comparator<? super NDArray> order) {
        expand();
        super.sort(order);
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        expand();
        super.clear();
    }

    /** {@inheritDoc} */
    @Override
    public int indexOf(Object element) {
        expand();
        return super.indexOf(element);
    }

    /** {@inheritDoc} */
    @Override
    public int lastIndexOf(Object element) {
        expand();
        return super.lastIndexOf(element);
    }

    /** {@inheritDoc} */
    @Override
    public Object[] toArray() {
        expand();
        return super.toArray();
    }

    /** {@inheritDoc} */
    @Override
    public <T> T[] toArray(T[] array) {
        expand();
        return super.toArray(array);
    }

    /** {@inheritDoc} */
    @Override
    public Iterator<NDArray> iterator() {
        expand();
        return super.iterator();
    }

    /** {@inheritDoc} */
    @Override
    public ListIterator<NDArray> listIterator() {
        expand();
        return super.listIterator();
    }

    /** {@inheritDoc} */
    @Override
    public ListIterator<NDArray> listIterator(int index) {
        expand();
        return super.listIterator(index);
    }

    /** {@inheritDoc} */
    @Override
    public Spliterator<NDArray> spliterator() {
        expand();
        return super.spliterator();
    }

    /** {@inheritDoc} */
    @Override
    public void forEach(Consumer<? super NDArray> action) {
        expand();
        super.forEach(action);
    }

    /** {@inheritDoc} */
    @Override
    public List<NDArray> subList(int from, int to) {
        expand();
        return super.subList(from, to);
    }

    /** {@inheritDoc} */
    @Override
    public boolean equals(Object other) {
        expand();
        return super.equals(other);
    }

    /** {@inheritDoc} */
    @Override
    public int hashCode() {
        expand();
        return super.hashCode();
    }

    /** {@inheritDoc} */
    @Override
    public Object clone() {
        expand();
        return super.clone();
    }

    // From Java 21 on, ArrayList has these methods, too.

    /**
     * Returns the first array.
     *
     * @return the channels
     */
    public NDArray getFirst() {
        return get(0);
    }

    /**
     * Returns the last array.
     *
     * @return the channels
     */
    public NDArray getLast() {
        return get(size() - 1);
    }

    /**
     * Removes the first array.
     *
     * @return the channels
     */
    public NDArray removeFirst() {
        return remove(0);
    }

    /**
     * Removes the last array.
     *
     * @return the channels
     */
    public NDArray removeLast() {
        return remove(size() - 1);
    }
}
