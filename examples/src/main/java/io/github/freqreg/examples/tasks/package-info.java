/**
 * The tasks of the program: networks with their data, their training and their measurement.
 *
 * <ul>
 *   <li>Read {@code Task} first: a network, its data, its loss, and its {@code Score} on a {@code
 *       Part} of the data. {@code Network} lists the networks with all their defaults ({@code
 *       TrainingDefaults}). {@code ClassificationTask}, {@code ScenesTask} ({@code
 *       SegmentationLoss}), {@code VaeTask} ({@code VaeLoss}) and {@code DcganTask} ({@code
 *       DcganLoss}, {@code DigitFeatures}, {@code FrechetDistance}) are the tasks; {@code Noise}
 *       draws the inputs of the last two.
 *   <li>{@code Training} trains a task with the settings of a {@code TrainingPlan} ({@code
 *       Descent}, {@code ByteLimit}), prints each {@code Epoch} to a {@code TrainingLog} (with a
 *       progress bar on a {@code Terminal}) and returns a {@code Trained}. {@code Batches} makes
 *       its batches. A {@code TrainingCheckpoint} saves and resumes it. {@code Result} has the
 *       figures of the trained network.
 *   <li>{@code Preset} (the paper's keep rates) sets how much of each tensor is kept, {@code Heads}
 *       the splits of attention weights.
 *   <li>The library's {@code Compressor} compresses a trained network: {@code TaskDataset} gives it
 *       the training examples, {@code ValidationMeasure} the validation score, and {@code EpochLog}
 *       prints its progress.
 *   <li>{@code WeightFile} loads weights in the formats of this library, PyTorch, NumPy and DJL;
 *       {@code ParametersFile} checks the last with a {@code CheckedInput}. {@code TorchNames} and
 *       {@code PublishedUNet} map parameter names to those of PyTorch and of the paper's authors.
 *   <li>{@code Segmentation} runs a UNet with DJL's predictor and a {@code SegmentationTranslator}
 *       on images scaled by an {@code InputScale}; {@code SegmentationMemory} bounds the memory
 *       that this takes.
 * </ul>
 */
@NullMarked
package io.github.freqreg.examples.tasks;

import org.jspecify.annotations.NullMarked;
