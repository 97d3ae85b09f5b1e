package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.nn.ChannelNorm;
import io.github.freqreg.nn.LazyList;
import io.github.freqreg.nn.LazyMaps;
import java.util.Optional;

/**
 * The output of a factored convolution whose channels are not computed yet.
 *
 * <p>The convolution has computed maps z of A frequencies; a matrix E expands them to the output
 * channels. This list holds z and E. A block that knows this class fuses its own operation with the
 * expansion: {@code BatchStatisticsNorm} calls {@link #normalize}, {@link FusedRelu} calls {@link
 * #relu}, and the next factored convolution calls {@link #project}, so that the channels are never
 * stored. For all other blocks it is an ordinary list of one array: <b>every method of {@code List}
 * computes the channels first</b>. So a network computes the same, whatever blocks follow, even
 * after a user has removed, replaced or moved some of them.
 *
 * <p>Like the intermediate results of DJL's blocks, the maps belong to the manager of the layer's
 * input. They are freed with it, or when all lists that hold them are closed. Inside a gradient
 * graph, a ReLU is not fused with the next layer, because its gradient needs the channels; {@link
 * FusedMaxPool} moves it behind the pooling. Instances are safe for concurrent use.
 */
final class Unexpanded extends LazyList implements LazyMaps {

    private static final long serialVersionUID = 1L;

    private final transient FactoredMaps maps;
    private final transient boolean relu;
    private transient boolean expanded;
    private transient boolean closed;

    /**
     * Creates the output of a convolution.
     *
     * @param maps from which the channels follow
     */
    Unexpanded(FactoredMaps maps) {
        this(maps, false);
    }

    private Unexpanded(FactoredMaps maps, boolean relu) {
        this.maps = maps;
        this.relu = relu;
        maps.enter();
    }

    /**
     * Returns a list as one whose channels are not computed yet. Once read, a list may have been
     * changed, so it counts as an ordinary one.
     *
     * @param list any list
     * @return the list, if it is an instance of this class that was neither read nor closed
     */
    static Optional<Unexpanded> unread(NDList list) {
        return list instanceof Unexpanded maps && !maps.isComputed() && !maps.isClosed()
                ? Optional.of(maps)
                : Optional.empty();
    }

    /** {@inheritDoc} */
    @Override
    public synchronized boolean isComputed() {
        return expanded;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** {@inheritDoc} */
    @Override
    public boolean canNormalize() {
        Shape small = maps.small().getShape();
        return !isComputed() && !relu && small.size() > small.get(1);
    }

    /** {@inheritDoc} */
    @Override
    public NDList normalize(ChannelNorm norm) {
        if (!canNormalize()) {
            throw new IllegalStateException("These maps can no longer be normalised");
        }
        return new Unexpanded(maps.normalize(norm));
    }

    /**
     * Adds a ReLU.
     *
     * @return max(0, channels), not computed yet
     */
    NDList relu() {
        return new Unexpanded(maps, true);
    }

    /**
     * Returns the channels without the ReLU, if there is one whose gradient is needed.
     *
     * @return the channels, not computed yet; nothing without such a ReLU
     */
    Optional<NDList> withoutRelu() {
        return relu && maps.inGraph() ? Optional.of(new Unexpanded(maps)) : Optional.empty();
    }

    /** {@inheritDoc} */
    @Override
    public boolean canProject() {
        return !isClosed() && !isComputed() && !(relu && maps.inGraph());
    }

    /** {@inheritDoc} */
    @Override
    public NDArray project(NDArray basis, NDManager manager) {
        maps.user().accept(MapUse.PROJECTED);
        return new ChannelEpilogue(relu).project(maps, basis, manager);
    }

    /** {@inheritDoc} */
    @Override
    public Optional<NDList> pad(Shape places) {
        // With a shift, padded maps are not zero where z is; after a ReLU, nothing needs them.
        return relu || maps.shift() != null || isComputed()
                ? Optional.empty()
                : Optional.of(new Unexpanded(maps.pad(places)));
    }

    /** {@inheritDoc} */
    @Override
    public Shape getShape() {
        return maps.shape();
    }

    /** {@inheritDoc} */
    @Override
    public DataType getDataType() {
        return maps.small().getDataType();
    }

    /** {@inheritDoc} */
    @Override
    public boolean inGraph() {
        return maps.inGraph();
    }

    /** {@inheritDoc} */
    @Override
    public Device getDevice() {
        return maps.small().getDevice();
    }

    @Override
    protected synchronized void compute() {
        if (closed && !expanded) {
            throw new IllegalStateException("The output was closed before it was read");
        }
        if (!expanded) {
            put(new ChannelEpilogue(relu).expand(maps, maps.small().getManager()));
            expanded = true;
            maps.user().accept(relu || maps.isNormalized() ? MapUse.FUSED : MapUse.STORED);
        }
    }

    /** {@inheritDoc} */
    @Override
    public synchronized NDManager getManager() {
        return expanded ? super.getManager() : maps.small().getManager();
    }

    /** Frees the arrays without computing the channels. */
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
}
