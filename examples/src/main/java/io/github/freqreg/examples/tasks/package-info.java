/**
 * What is trained, how it is trained, and how it is measured.
 *
 * <ul>
 *   <li>Read {@code Task} first: a network, its data, its loss, and its {@code Score} on the test
 *       set. {@code Network} lists the networks. {@code ClassificationTask}, {@code ScenesTask}
 *       ({@code SegmentationLoss}), {@code VaeTask} ({@code VaeLoss}) and {@code DcganTask} ({@code
 *       DcganLoss}, {@code DigitFeatures}, {@code FrechetDistance}) are the tasks; {@code Noise}
 *       draws the inputs of the last two.
 *   <li>{@code Training} trains a task by a {@code TrainingPlan} ({@code Descent}, {@code
 *       ByteLimit}) and reports each {@code Epoch} to a {@code TrainingLog}, which knows from
 *       {@code Terminal} whether to draw a bar. A {@code TrainingCheckpoint} resumes it. {@code
 *       Trained} is what it returns, {@code Result} the figures of its network.
 *   <li>How much is kept, and of what: {@code Preset} (the paper's), {@code LeNetRecipe}, {@code
 *       CompressedTensors}, {@code Axes} and {@code AxisTreatment}; {@code ByteProjection} and
 *       {@code FineTuning} compress a trained network.
 *   <li>{@code WeightFile} opens what was saved, here or by other programs; {@code TorchNames} and
 *       {@code PublishedUNet} know the names of PyTorch and of the authors.
 *   <li>{@code Segmentation} runs a UNet, through DJL's predictor and {@code
 *       SegmentationTranslator}, on images scaled by an {@code InputScale}; {@code
 *       SegmentationMemory} bounds the memory for it.
 * </ul>
 */
@NullMarked
package io.github.freqreg.examples.tasks;

import org.jspecify.annotations.NullMarked;
