/**
 * Benchmarks. A benchmark is in the package with the name of the library package that it measures.
 *
 * <p>{@link io.github.freqreg.benchmarks.All} is the program that compares several ways to compute
 * the same thing and writes the tables of {@code benchmarks/README.md}. Read on with {@code Case},
 * what is compared; {@code Comparison}, its result; {@code SideBySide}, how it is timed; and {@code
 * Ratio}, how intervals are found. {@code Predicted} and {@code Trained} are what is timed of a
 * block.
 *
 * <p>The classes whose names end in {@code Benchmark} list the cases. They are also JMH benchmarks,
 * to examine a single way, for example with a profiler.
 */
package io.github.freqreg.benchmarks;
