/**
 * Spark jobs that use a UNet and send it as the bytes of a {@code .frq} file.
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@code SegmentImages}: broadcasts a file. {@code ExecutorNetworks} loads it once in each
 *       executor, which segments the images of its partitions.
 *   <li>{@code AverageTraining}: federated averaging. {@code LocalTraining} trains on one
 *       partition, {@code FederatedRound} sends and collects coefficients, {@code
 *       CoefficientAverage} averages them, and {@code Traffic} counts bytes.
 *   <li>{@code SparkArguments}, {@code NetworkSize} and {@code SceneSource}: shared by both jobs.
 * </ol>
 *
 * <p>Only byte arrays and small records of numbers and names are serialised by Spark, never objects
 * of DJL: these hold memory of the engine and belong to one process.
 */
package io.github.freqreg.examples.spark;
