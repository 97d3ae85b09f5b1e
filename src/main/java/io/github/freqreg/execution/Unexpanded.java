package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;
import io.github.freqreg.nn.LazyMaps;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

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
@Internal
public final class Unexpanded extends LazyList implements LazyMaps {

    private static final long serialVersionUID = 1L;

    private final transient Maps maps;
    private final transient ChannelEpilogue epilogue;
    private transient boolean expanded;
    private transient boolean closed;

    Unexpanded(Maps maps, ChannelEpilogue epilogue) {
        this.maps = maps;
        this.epilogue = epilogue;
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
    record Maps(
            NDArray small,
            NDArray basis,
            @Nullable NDArray bias,
            User user,
            AtomicInteger holders) {

        Maps(NDArray small, NDArray basis, @Nullable NDArray bias, User user) {
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

        /** Notes a use. */
        void use(MapUse use);
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
    public NDList relu() {
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
        maps.user.use(MapUse.PROJECTED);
        return epilogue.project(maps, cosines, manager);
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

    @Override
    synchronized void compute() {
        if (closed && !expanded) {
            throw new IllegalStateException("The output was closed before it was read");
        }
        if (!expanded) {
            put(epilogue.expand(maps, maps.small.getManager()));
            expanded = true;
            maps.user.use(epilogue.isEmpty() ? MapUse.STORED : MapUse.FUSED);
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
}
