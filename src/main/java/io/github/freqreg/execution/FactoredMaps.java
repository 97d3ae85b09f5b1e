package io.github.freqreg.execution;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The result of a factored convolution.
 *
 * @param small the maps z (batch, A, …)
 * @param basis the matrix E (channels, A)
 * @param bias one number for each channel, or null
 * @param user is notified of each use
 * @param holders the number of lists that hold the maps and are not closed
 */
record FactoredMaps(
        NDArray small,
        NDArray basis,
        @Nullable NDArray bias,
        Consumer<MapUse> user,
        AtomicInteger holders) {

    FactoredMaps(NDArray small, NDArray basis, @Nullable NDArray bias, Consumer<MapUse> user) {
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
