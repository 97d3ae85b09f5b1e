/** The time of layers with each strategy of {@code io.github.freqreg.execution}. */
package io.github.freqreg.benchmarks.execution;
