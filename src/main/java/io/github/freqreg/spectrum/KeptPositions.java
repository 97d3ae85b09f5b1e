package io.github.freqreg.spectrum;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * The position of each kept coefficient of a mask in its flat box, in zigzag order.
 *
 * <p>If more than {@value #AT_ONCE} coefficients are kept, their positions take eight bytes each:
 * they are cached only once a gradient graph needs them, which refers to them in any case, and then
 * as long as the tables. Otherwise they are computed in parts, which are freed after use.
 *
 * <p>Safe for concurrent use.
 */
final class KeptPositions {

    private static final int AT_ONCE = 1 << 20;

    private final ZigzagMask mask;
    private final NDManager tables;
    private volatile Optional<NDArray> cached = Optional.empty();

    /**
     * Computes the positions, unless they are many.
     *
     * @param mask the kept set
     * @param tables the owner of cached positions
     */
    KeptPositions(ZigzagMask mask, NDManager tables) {
        this.mask = mask;
        this.tables = tables;
        if (mask.getKept() <= AT_ONCE) {
            cached = Optional.of(Dct.owned(tables.create(mask.positions())));
        }
    }

    /** Returns the kept elements of a flat box, in zigzag order. */
    NDArray gather(NDArray spectrum, NDManager scratch) {
        if (cached.isPresent()) {
            return spectrum.gather(cached.get(), 0);
        }
        try (NDArray like = spectrum.get(":" + mask.getKept());
                Parts gathered = new Parts(scratch, like, 0)) {
            eachPosition(
                    scratch, (index, positions) -> gathered.add(spectrum.gather(positions, 0)));
            return gathered.join();
        }
    }

    /** Returns all positions; they are cached if the graph of the coefficients will need them. */
    NDArray forScatter(NDArray coefficients, NDManager scratch) {
        if (cached.isPresent()) {
            return cached.get();
        }
        if (!GradientGraph.contains(coefficients)) {
            return computePositions(scratch);
        }
        synchronized (tables) {
            if (cached.isEmpty()) {
                cached = Optional.of(computePositions(tables));
            }
            return cached.get();
        }
    }

    private NDArray computePositions(NDManager manager) {
        NDArray all = manager.create(new Shape(mask.getKept()), DataType.INT64);
        NDScope.unregister(all);
        try (NDManager scratch = manager.newSubManager()) {
            eachPosition(scratch, all::set);
        }
        return all;
    }

    /** Computes the positions, some at a time, which are closed after use. */
    private void eachPosition(NDManager scratch, BiConsumer<NDIndex, NDArray> use) {
        ZigzagMask.Positions walk = mask.new Positions();
        ByteBuffer memory = scratch.allocateDirect(Long.BYTES * AT_ONCE);
        int count;
        for (int from = 0; from < mask.getKept(); from += count) {
            count = Math.min(AT_ONCE, mask.getKept() - from);
            walk.fill(memory.clear().asLongBuffer().limit(count));
            memory.limit(Long.BYTES * count);
            try (NDManager few = scratch.newSubManager()) {
                NDArray positions = few.create(memory, new Shape(count), DataType.INT64);
                use.accept(new NDIndex(from + ":" + (from + count)), Dct.owned(positions));
            }
        }
    }
}
