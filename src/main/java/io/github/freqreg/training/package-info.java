/**
 * Cutting the tail of the frequencies while a network trains.
 *
 * <p>Read {@link io.github.freqreg.training.TruncationSchedule}, how much remains at each step,
 * then {@link io.github.freqreg.training.TailTruncation}, the listener that follows it.
 */
package io.github.freqreg.training;
