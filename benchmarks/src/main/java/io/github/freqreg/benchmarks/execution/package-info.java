/** How fast a layer is by each strategy. Mirrors {@code io.github.freqreg.execution}. */
package io.github.freqreg.benchmarks.execution;
