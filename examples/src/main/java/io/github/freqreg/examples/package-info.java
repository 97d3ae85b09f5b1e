/**
 * The command-line program: trains, evaluates, segments and inspects the paper's networks.
 *
 * <p>Read {@code Main}, the command line, and its commands. Then what they stand on: {@code Task},
 * a network with its data and measure, which {@code Training} trains; {@code DigitsTask} with
 * {@code LeNet} and {@code Digits}; {@code ScenesTask} with {@code UNet}, {@code Scene} and {@code
 * Segmentation}. {@code SegmentationTranslator} is for DJL's predictor, {@code PublishedUNet} knows
 * the authors' network.
 */
package io.github.freqreg.examples;
