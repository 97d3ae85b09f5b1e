package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
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
 * input. They are freed with it, or when all lists that hold them are closed. Instances exist only
 * outside of gradient graphs. They are safe for concurrent use.
 */
final class Unexpanded extends LazyList implements LazyMaps {

    private static final long serialVersionUID = 1L;

    private final transient FactoredMaps maps;
    private final transient ChannelEpilogue epilogue;
    private transient boolean expanded;
    private transient boolean closed;

    Unexpanded(FactoredMaps maps, ChannelEpilogue epilogue) {
        this.maps = maps;
        this.epilogue = epilogue;
        maps.holders().incrementAndGet();
    }

    /**
     * Returns a list as one whose channels are not computed yet. Once read, a list may have been
     * changed, so it counts as an ordinary one.
     *
     * @param list any list
     * @return the list, if it is an instance of this class that was not read
     */
    static Optional<Unexpanded> waiting(NDList list) {
        return list instanceof Unexpanded maps && !maps.isComputed()
                ? Optional.of(maps)
                : Optional.empty();
    }

    /** {@inheritDoc} */
    @Override
    public synchronized boolean isComputed() {
        return expanded;
    }

    /** {@inheritDoc} */
    @Override
    public boolean canNormalize() {
        return !isComputed() && epilogue.canNormalize();
    }

    /** {@inheritDoc} */
    @Override
    public NDList normalize(float epsilon) {
        return new Unexpanded(maps, epilogue.normalize(epsilon));
    }

    /**
     * Adds a ReLU.
     *
     * @return max(0, channels), not computed yet
     */
    NDList relu() {
        return new Unexpanded(maps, epilogue.rectify());
    }

    /**
     * Computes the channels and projects them onto frequencies, tile by tile.
     *
     * @param cosines the matrix (channels, B) of the next layer's frequencies
     * @param manager the manager of the result
     * @return the projections (batch, B, …)
     */
    NDArray project(NDArray cosines, NDManager manager) {
        maps.user().accept(MapUse.PROJECTED);
        return epilogue.project(maps, cosines, manager);
    }

    /** Returns the shape of the array in this list without computing it. */
    Shape getShape() {
        return maps.shape();
    }

    /** Returns the data type of the array in this list without computing it. */
    DataType getDataType() {
        return maps.small().getDataType();
    }

    /** Returns the device of the array in this list without computing it. */
    Device getDevice() {
        return maps.small().getDevice();
    }

    @Override
    synchronized void compute() {
        if (closed && !expanded) {
            throw new IllegalStateException("The output was closed before it was read");
        }
        if (!expanded) {
            put(epilogue.expand(maps, maps.small().getManager()));
            expanded = true;
            maps.user().accept(epilogue.isEmpty() ? MapUse.STORED : MapUse.FUSED);
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
