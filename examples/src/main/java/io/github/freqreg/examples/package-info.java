/**
 * The command-line program: trains, evaluates, segments and inspects the paper's networks.
 *
 * <p>Read {@code Main}, the command line, and its commands, {@code TrainCommand} first. {@code
 * Network} lists what can be trained, {@code Preset}, {@code LeNetRecipe} and {@code Axes} how much
 * of it is kept. {@code WeightFile} opens what was saved, here or by other programs, {@code
 * TorchNames} knows their names. Then what they stand on: {@code Task}, a network with its data and
 * measure, which {@code Training} trains.
 *
 * <ul>
 *   <li>{@code ClassificationTask} on {@code Images}, read by {@code Digits} and {@code Cifar} or
 *       drawn by {@code DrawnShapes}.
 *   <li>{@code ScenesTask} on {@code Scene} and {@code Segmentation}; {@code
 *       SegmentationTranslator} is for DJL's predictor, {@code PublishedUNet} knows the authors'
 *       network. {@code ImageFile} reads photographs, upright as their {@code Orientation} says;
 *       {@code InputScale} is the rule by which they are scaled for a network, and {@code
 *       SegmentationMemory} bounds the memory that this takes.
 *   <li>{@code VaeTask} and {@code DcganTask} make images; {@code FrechetDistance} in {@code
 *       DigitFeatures} judges those of the latter.
 *   <li>{@code InspectCommand} draws what a file holds: {@code Contents} are read, {@code Figures}
 *       lists the pictures, {@code Charts}, {@code Curves} and {@code Filters} draw them in a
 *       {@code Theme}, and {@code HtmlReport} puts them on a page.
 * </ul>
 *
 * <p>What is public here, but for {@code Main} and the translator, is so for the example on Apache
 * Spark.
 */
package io.github.freqreg.examples;
