package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import io.github.freqreg.ArrayView;
import io.github.freqreg.nn.ChannelNorm;
import io.github.freqreg.nn.ZeroPadding;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The result of a factored convolution: maps z of A frequencies, from which the output channels
 * follow,
 *
 * <pre>
 * y = E z + b
 * </pre>
 *
 * <p>Batch normalisation only changes E and b, because the statistics of the channels follow from
 * those of z:
 *
 * <pre>
 * mean(y) = E mean(z) + b,   variance(y)_o = e_o · covariance(z) · e_o
 * </pre>
 *
 * @param small the maps z (batch, A, …)
 * @param matrix the matrix E (channels, A)
 * @param shift b, one number for each channel, in any shape, or null
 * @param inGraph whether they are part of a gradient graph
 * @param isNormalized whether E and b contain a normalisation
 * @param user is notified of each use
 * @param holding the arrays, to be freed when no list holds the maps any longer
 */
record FactoredMaps(
        NDArray small,
        NDArray matrix,
        @Nullable NDArray shift,
        boolean inGraph,
        boolean isNormalized,
        Consumer<MapUse> user,
        Holding holding) {

    /** Arrays of one convolution and the number of lists that hold them and are not closed. */
    static final class Holding {

        private final AtomicInteger holders = new AtomicInteger();
        private final NDList arrays = new NDList();

        private synchronized void add(NDArray array) {
            arrays.add(array);
        }

        private synchronized void close() {
            arrays.close();
        }
    }

    /**
     * Describes the result of a convolution.
     *
     * @param small the maps z (batch, A, …)
     * @param matrix the matrix E (channels, A)
     * @param shift b, one number for each channel, in any shape, or null
     * @param inGraph whether they are part of a gradient graph
     * @param user is notified of each use
     */
    FactoredMaps(
            NDArray small,
            NDArray matrix,
            @Nullable NDArray shift,
            boolean inGraph,
            Consumer<MapUse> user) {
        this(small, matrix, shift, inGraph, false, user, new Holding());
        holding.add(small);
        holding.add(matrix);
        if (shift != null) {
            holding.add(shift);
        }
    }

    /** Counts one more list. */
    void enter() {
        holding.holders.incrementAndGet();
    }

    /** Frees the arrays when the last list is closed. */
    void leave() {
        if (holding.holders.decrementAndGet() == 0) {
            holding.close();
        }
    }

    /** The shape (batch, channels, …) of the output. */
    Shape shape() {
        Shape shape = small.getShape();
        return new Shape(shape.get(0), matrix.getShape().get(0)).addAll(shape.slice(2));
    }

    /** Returns normalised maps of the same convolution. */
    FactoredMaps normalize(ChannelNorm norm) {
        NDManager owner = small.getManager();
        try (NDManager scratch = owner.newSubManager(small.getDevice())) {
            NDArray expansion = ArrayView.of(matrix, scratch);
            Shape column = new Shape(expansion.getShape().get(0), 1);
            NDArray before =
                    shift == null
                            ? scratch.zeros(column, expansion.getDataType())
                            : ArrayView.of(shift, scratch).reshape(column);
            ChannelNorm.Statistics statistics =
                    norm.given().orElseGet(() -> statistics(expansion, before));
            if (norm.given().isEmpty()) {
                norm.found().accept(outsideOfGraph(statistics, scratch));
            }
            NDArray gamma = norm.gamma();
            NDArray beta = norm.beta();
            NDArray mean = view(statistics.mean(), scratch).reshape(column);
            NDArray variance = view(statistics.variance(), scratch).reshape(column);
            NDArray one =
                    gamma == null
                            ? scratch.ones(column, expansion.getDataType())
                            : view(gamma, scratch).reshape(column);
            NDArray scale = one.div(variance.add(norm.epsilon()).sqrt());
            NDArray after = before.sub(mean).mul(scale);
            if (beta != null) {
                after = after.add(view(beta, scratch).reshape(column));
            }
            NDArray scaled = expansion.mul(scale);
            scaled.attach(owner);
            after.attach(owner);
            holding.add(scaled);
            holding.add(after);
            return new FactoredMaps(small, scaled, after, inGraph, true, user, holding);
        }
    }

    /**
     * Returns the maps of a matrix that follows: M y = (M E) z + M b.
     *
     * @param next the matrix M, on whose manager the new arrays are
     */
    FactoredMaps through(NDArray next) {
        NDArray moved =
                shift == null
                        ? null
                        : next.matMul(
                                ArrayView.of(shift, next.getManager()).reshape(shift.size(), 1));
        return new FactoredMaps(
                small, next.matMul(matrix), moved, inGraph, isNormalized, user, holding);
    }

    /** Returns the maps with zeros around z, see {@link ZeroPadding}. */
    FactoredMaps pad(Shape places) {
        NDArray padded = ZeroPadding.pad(small, places);
        if (padded != small) {
            holding.add(padded);
        }
        return new FactoredMaps(padded, matrix, shift, inGraph, isNormalized, user, holding);
    }

    /** Returns the statistics of the channels, as columns. */
    private ChannelNorm.Statistics statistics(NDArray expansion, NDArray before) {
        NDManager scratch = expansion.getManager();
        Shape shape = small.getShape();
        long maps = shape.get(1);
        long numbers = shape.size() / maps;
        NDArray rows =
                ArrayView.of(small, scratch)
                        .reshape(shape.get(0), maps, shape.slice(2).size())
                        .transpose(1, 0, 2)
                        .reshape(maps, numbers);
        NDArray mean = rows.mean(new int[] {1}, true);
        NDArray centred = rows.sub(mean);
        // The graph keeps this factor, so it must be memory of the engine.
        NDArray share = scratch.ones(new Shape(1), rows.getDataType()).div(numbers);
        NDArray covariance = centred.matMul(centred.transpose()).mul(share);
        NDArray variance = expansion.matMul(covariance).mul(expansion).sum(new int[] {1}, true);
        // Rounding may have made a variance negative.
        return new ChannelNorm.Statistics(
                expansion.matMul(mean).add(before), Activation.relu(variance), numbers);
    }

    private static ChannelNorm.Statistics outsideOfGraph(
            ChannelNorm.Statistics statistics, NDManager scratch) {
        return new ChannelNorm.Statistics(
                ArrayView.of(statistics.mean(), scratch).stopGradient().flatten(),
                ArrayView.of(statistics.variance(), scratch).stopGradient().flatten(),
                statistics.numbers());
    }

    /** Returns a view of a parameter, whose gradients are recorded only inside of a graph. */
    private NDArray view(NDArray parameter, NDManager scratch) {
        if (inGraph) {
            return ArrayView.of(parameter, scratch);
        }
        NDArray detached = parameter.stopGradient();
        detached.attach(scratch);
        return detached;
    }
}
