/**
 * A UNet on an Apache Spark cluster: the model travels as the bytes of a {@code .frq} file.
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@code SegmentImages}: a file is broadcast, {@code ExecutorNetworks} loads it once in each
 *       executor, and each partition's images are segmented there.
 *   <li>{@code AverageTraining}: rounds of federated averaging. {@code LocalTraining} trains on one
 *       partition, {@code FederatedRound} sends and collects, {@code CoefficientAverage} averages,
 *       {@code Traffic} counts.
 *   <li>{@code SparkArguments}, {@code NetworkSize} and {@code SceneSource}: what both share.
 * </ol>
 *
 * <p>What goes through Spark's serialisation are byte arrays and small records of numbers and
 * names, never objects of DJL's: these hold memory of the engine and belong to one process.
 */
package io.github.freqreg.examples.spark;
