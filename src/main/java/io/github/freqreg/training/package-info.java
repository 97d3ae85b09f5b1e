/**
 * Training of regularised networks: truncation, quantisation to a file size, and resumption.
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@link io.github.freqreg.training.TruncationSchedule}: the fraction of the coefficients
 *       that remains after each step of a truncation.
 *   <li>{@link io.github.freqreg.training.TailTruncation}: the listener that cuts coefficients
 *       along a schedule.
 *   <li>{@link io.github.freqreg.training.ByteBudget}: the listener for quantisation-aware training
 *       to a file size. {@code BudgetSteps} finds its quantisation steps, and {@code
 *       OptimizerCheck} detects a wrong optimiser.
 *   <li>{@link io.github.freqreg.training.NormalizationStatistics}: running statistics that fit the
 *       quantised weights.
 *   <li>{@link io.github.freqreg.training.ResumableOptimizer}: the base class of {@link
 *       io.github.freqreg.training.Adam} and {@link io.github.freqreg.training.Sgd}, which equal
 *       DJL's optimisers but expose their moments.
 *   <li>{@link io.github.freqreg.training.Checkpoint}: saves and resumes a training. {@code
 *       CheckpointContent} defines its file.
 *   <li>{@link io.github.freqreg.training.BufferRetention}: a listener that protects gradients from
 *       the garbage collector, for every training on PyTorch. {@code RetainingScopes} hooks into
 *       DJL.
 *   <li>{@link io.github.freqreg.training.Compressor}: a whole compression in one call. {@code
 *       CompressionRun} is its order of stages: {@code ModelState} wraps the model, {@code
 *       LearningRateTest} finds the learning rate, {@code StageTraining} trains as {@code
 *       StageProgress} says and measures by {@code Validation}, {@code FileSizeSearch} proposes
 *       sizes, and {@code CompressorCheckpoint} saves all of it. {@code Rounding} is the part
 *       without training.
 * </ol>
 */
@NullMarked
package io.github.freqreg.training;

import org.jspecify.annotations.NullMarked;
