package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.github.freqreg.Internal;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ListIterator;
import java.util.Spliterator;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A list of arrays that are computed when the list is first read.
 *
 * <p>{@code ArrayList} keeps its elements in private fields, so every method that reads them
 * computes first. The methods of {@code NDList} call these. {@code LazyListTest} fails if a method
 * of {@code ArrayList} is missing here.
 */
@Internal
public abstract class LazyList extends NDList {

    private static final long serialVersionUID = 1L;

    /** Computes the arrays and adds them with {@link #put}, unless that is done. */
    protected abstract void compute();

    /**
     * Adds a computed array.
     *
     * @param array the array
     */
    protected final void put(NDArray array) {
        super.add(array);
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        compute();
        return super.size();
    }

    /** {@inheritDoc} */
    @Override
    public boolean isEmpty() {
        compute();
        return super.isEmpty();
    }

    /** {@inheritDoc} */
    @Override
    public NDArray get(int index) {
        compute();
        return super.get(index);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray set(int index, NDArray array) {
        compute();
        return super.set(index, array);
    }

    /** {@inheritDoc} */
    @Override
    public boolean add(NDArray array) {
        compute();
        return super.add(array);
    }

    /** {@inheritDoc} */
    @Override
    public void add(int index, NDArray array) {
        compute();
        super.add(index, array);
    }

    /** {@inheritDoc} */
    @Override
    public boolean addAll(Collection<? extends NDArray> arrays) {
        compute();
        return super.addAll(arrays);
    }

    /** {@inheritDoc} */
    @Override
    public boolean addAll(int index, Collection<? extends NDArray> arrays) {
        compute();
        return super.addAll(index, arrays);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray remove(int index) {
        compute();
        return super.remove(index);
    }

    /** {@inheritDoc} */
    @Override
    public boolean remove(Object element) {
        compute();
        return super.remove(element);
    }

    /** {@inheritDoc} */
    @Override
    public boolean removeAll(Collection<?> elements) {
        compute();
        return super.removeAll(elements);
    }

    /** {@inheritDoc} */
    @Override
    public boolean retainAll(Collection<?> elements) {
        compute();
        return super.retainAll(elements);
    }

    /** {@inheritDoc} */
    @Override
    public boolean removeIf(Predicate<? super NDArray> filter) {
        compute();
        return super.removeIf(filter);
    }

    /** {@inheritDoc} */
    @Override
    public void replaceAll(UnaryOperator<NDArray> operator) {
        compute();
        super.replaceAll(operator);
    }

    /** {@inheritDoc} */
    @Override
    public void sort(Comparator<? super NDArray> order) {
        compute();
        super.sort(order);
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        compute();
        super.clear();
    }

    /** {@inheritDoc} */
    @Override
    public int indexOf(Object element) {
        compute();
        return super.indexOf(element);
    }

    /** {@inheritDoc} */
    @Override
    public int lastIndexOf(Object element) {
        compute();
        return super.lastIndexOf(element);
    }

    /** {@inheritDoc} */
    @Override
    public Object[] toArray() {
        compute();
        return super.toArray();
    }

    /** {@inheritDoc} */
    @Override
    public <T> T[] toArray(T[] array) {
        compute();
        return super.toArray(array);
    }

    /** {@inheritDoc} */
    @Override
    public Iterator<NDArray> iterator() {
        compute();
        return super.iterator();
    }

    /** {@inheritDoc} */
    @Override
    public ListIterator<NDArray> listIterator() {
        compute();
        return super.listIterator();
    }

    /** {@inheritDoc} */
    @Override
    public ListIterator<NDArray> listIterator(int index) {
        compute();
        return super.listIterator(index);
    }

    /** {@inheritDoc} */
    @Override
    public Spliterator<NDArray> spliterator() {
        compute();
        return super.spliterator();
    }

    /** {@inheritDoc} */
    @Override
    public void forEach(Consumer<? super NDArray> action) {
        compute();
        super.forEach(action);
    }

    /** {@inheritDoc} */
    @Override
    public List<NDArray> subList(int from, int to) {
        compute();
        return super.subList(from, to);
    }

    /** {@inheritDoc} */
    @Override
    public boolean equals(Object other) {
        compute();
        return super.equals(other);
    }

    /** {@inheritDoc} */
    @Override
    public int hashCode() {
        compute();
        return super.hashCode();
    }

    /** {@inheritDoc} */
    @Override
    public Object clone() {
        compute();
        return super.clone();
    }

    // From Java 21 on, ArrayList has these methods, too.

    /**
     * Returns the first array.
     *
     * @return the array
     */
    public NDArray getFirst() {
        return get(0);
    }

    /**
     * Returns the last array.
     *
     * @return the array
     */
    public NDArray getLast() {
        return get(size() - 1);
    }

    /**
     * Removes the first array.
     *
     * @return the array
     */
    public NDArray removeFirst() {
        return remove(0);
    }

    /**
     * Removes the last array.
     *
     * @return the array
     */
    public NDArray removeLast() {
        return remove(size() - 1);
    }
}
