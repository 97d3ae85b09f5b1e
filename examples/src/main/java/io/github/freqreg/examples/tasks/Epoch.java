package io.github.freqreg.examples.tasks;

/**
 * The state of a network at the end of an epoch.
 *
 * @param number of the epoch, from 1
 * @param loss the mean over the epoch's steps, in training
 * @param value the figure on the test set
 * @param numbers that are kept
 * @param seconds since the training began, or was resumed
 */
public record Epoch(int number, double loss, double value, long numbers, double seconds) {}
