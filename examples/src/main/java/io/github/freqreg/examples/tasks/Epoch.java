package io.github.freqreg.examples.tasks;

/**
 * The figures of a network at the end of an epoch.
 *
 * @param number the number of the epoch, from 1
 * @param loss the mean training loss of the epoch's steps
 * @param validation the score on the validation examples
 * @param numbers the stored numbers of the network
 * @param seconds the time since the training began or was resumed
 */
public record Epoch(int number, double loss, double validation, long numbers, double seconds) {}
