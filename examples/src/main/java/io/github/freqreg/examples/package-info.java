/**
 * The command-line program: trains, evaluates and inspects the paper's networks.
 *
 * <p>Read {@code Main}, the command line; then {@code TrainCommand}, {@code EvaluateCommand} and
 * {@code InspectCommand}; then what they stand on: {@code Digits} (data), {@code LeNet} (network)
 * and {@code Classification} (training and measuring).
 */
package io.github.freqreg.examples;
