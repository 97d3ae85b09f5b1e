/**
 * JMH benchmarks. A benchmark is in the package with the name of the library package that it
 * measures. Each one compares several {@code Way}s to compute the same thing in one run; the
 * results are ratios to the first way.
 *
 * <p>{@link io.github.freqreg.benchmarks.All} runs all benchmarks and writes the tables of {@code
 * benchmarks/README.md}. {@code Trained} trains a block for the benchmarks that need it.
 */
package io.github.freqreg.benchmarks;
