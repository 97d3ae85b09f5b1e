/**
 * JMH benchmarks, in packages like the core's. Each compares ways in one run, forked, so that what
 * counts is their ratio to the first one.
 *
 * <p>{@link io.github.freqreg.benchmarks.All} runs all and writes the tables of {@code
 * benchmarks/README.md}. {@code Way} and {@code Trained} are what the benchmarks share.
 */
package io.github.freqreg.benchmarks;
