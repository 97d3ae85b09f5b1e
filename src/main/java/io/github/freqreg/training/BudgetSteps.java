package io.github.freqreg.training;

import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.file.Allocation;
import io.github.freqreg.file.Quantization;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Finds quantisation steps with which the file of a network fits a number of bytes.
 *
 * @param bytes the largest size of the file
 * @param names whether the file stores names and shapes
 * @param optimizer provides sensitivities; without it all tensors get the same relative error
 */
record BudgetSteps(long bytes, boolean names, Optional<Adam> optimizer) {

    /** New steps are fitted to this fraction of the bytes, because training makes files grow. */
    static final double FIT = 0.99;

    /** Steps stay as they are while the file has this fraction of the bytes or more. */
    private static final double FULL = 0.97;

    /** Up to this multiple of the bytes, existing steps are coarsened instead of fitted anew. */
    private static final double SLIGHTLY_OVER = 1.05;

    /**
     * Fits the kept numbers and the steps of all tensors together, by rate and distortion, and
     * applies them: numbers go from tensors that do not use them to those that do.
     *
     * @return the steps
     */
    Quantization begin(Block block) {
        Allocation found =
                Allocation.fit(block, (long) Math.ceil(FIT * bytes), names, sensitivities(block));
        found.applyTo(block);
        Quantization steps = found.getQuantization();
        // The network rounds to the nearest multiples, which may take more bytes.
        Quantization fitting = adapt(block, steps).orElseGet(() -> fit(block));
        fitting.applyTo(block);
        return fitting;
    }

    /**
     * Returns the steps for the next epoch, with which the network computes from now on.
     *
     * @param block the network
     * @param current the steps so far; none before quantisation begins
     */
    Quantization update(Block block, Optional<Quantization> current) {
        if (current.isEmpty()) {
            return begin(block);
        }
        Quantization steps = current.get();
        Quantization next = adapt(block, steps).orElseGet(() -> fit(block));
        if (!next.getSteps().equals(steps.getSteps())) {
            next.applyTo(block);
        }
        return next;
    }

    /** Fits the steps of all tensors. */
    Quantization fit(Block block) {
        long room = (long) Math.ceil(FIT * bytes);
        return Quantization.fit(block, room, names, sensitivities(block));
    }

    /** Returns the size of the file with given steps. */
    long size(Block block, Quantization steps) {
        return steps.bytes(block, names);
    }

    /**
     * Adapts steps that were fitted to an earlier state of the network. Steps that still use the
     * bytes well stay, since the network has adapted to them; if the file is slightly too large, a
     * few become coarser, see {@link Quantization#coarsened}.
     *
     * @return the steps to use, or nothing if they have to be fitted anew
     */
    Optional<Quantization> adapt(Block block, Quantization steps) {
        long size = size(block, steps);
        if (size > bytes && size <= SLIGHTLY_OVER * bytes) {
            return steps.coarsened(block, bytes, names, sensitivities(block));
        }
        return size <= bytes && size >= FULL * bytes ? Optional.of(steps) : Optional.empty();
    }

    /** Returns the mean squared gradient of each tensor, or nothing before the first update. */
    private Map<String, Double> sensitivities(Block block) {
        Map<String, Double> sensitivities = new HashMap<>();
        optimizer.ifPresent(
                adam ->
                        NetworkTensors.of(block)
                                .forEach(
                                        tensor ->
                                                sensitivities.put(
                                                        tensor.name(),
                                                        adam.meanSquare(
                                                                tensor.parameter(),
                                                                tensor.numbers()))));
        boolean known = sensitivities.values().stream().anyMatch(mean -> mean > 0);
        return known ? sensitivities : Map.of();
    }
}
