package io.github.freqreg.examples.spark;

import java.util.List;
import java.util.Locale;

/**
 * The bytes of models that a round sends.
 *
 * @param broadcast the bytes sent to all partitions
 * @param collected the bytes collected from all partitions
 * @param dense the bytes in both directions with dense weights in float32
 */
record Traffic(long broadcast, long collected, long dense) {

    /**
     * Counts the bytes of a round.
     *
     * @param sent the file that each partition starts from
     * @param updates the results of all partitions
     * @param denseBytes the size of all weights in float32
     */
    static Traffic of(byte[] sent, List<LocalTraining.Update> updates, long denseBytes) {
        return new Traffic(
                (long) updates.size() * sent.length,
                updates.stream().mapToLong(update -> update.frq().length).sum(),
                2 * denseBytes * updates.size());
    }

    /** Returns the ratio of the dense bytes to the bytes sent. */
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
