package io.github.freqreg.examples.spark;

import java.util.List;
import java.util.Locale;

/**
 * The bytes of models that a round sends.
 *
 * @param broadcast to all partitions
 * @param collected from all partitions
 * @param dense what both would be with all weights in float32
 */
record Traffic(long broadcast, long collected, long dense) {

    /**
     * Counts.
     *
     * @param sent the file that each partition begins with
     * @param updates what came back
     * @param denseBytes of all weights in float32
     */
    static Traffic of(byte[] sent, List<LocalTraining.Update> updates, long denseBytes) {
        return new Traffic(
                (long) updates.size() * sent.length,
                updates.stream().mapToLong(update -> update.frq().length).sum(),
                2 * denseBytes * updates.size());
    }

    /** How many times fewer than those of the dense model. */
    double times() {
        return (double) dense / (broadcast + collected);
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d bytes broadcast and %,d collected, dense %,d: %,.0f times fewer",
                broadcast,
                collected,
                dense,
                times());
    }
}
