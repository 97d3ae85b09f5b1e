/**
 * Cutting the tail of the frequencies and rounding while a network trains, and going on after an
 * interruption.
 *
 * <p>Read {@link io.github.freqreg.training.TruncationSchedule}, how much remains at each step,
 * then {@link io.github.freqreg.training.TailTruncation}, the listener that follows it; {@link
 * io.github.freqreg.training.ByteBudget} is the listener that rounds for a number of bytes. {@link
 * io.github.freqreg.training.ResumableOptimizer} is what {@link io.github.freqreg.training.Adam}
 * and {@link io.github.freqreg.training.Sgd} have in common: they are DJL's, with moments that
 * {@link io.github.freqreg.training.Checkpoint} saves. {@link
 * io.github.freqreg.training.BufferRetention} is a listener for every training on PyTorch, also of
 * plain networks: it keeps the garbage collector from spoiling gradients.
 */
package io.github.freqreg.training;
