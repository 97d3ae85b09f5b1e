/**
 * Time and memory of networks with a hundred million weights. {@link
 * io.github.freqreg.benchmarks.large.LargeNetworks} runs {@code LargeRun} in a process for each
 * {@code LargeNetwork} and way, and writes the table.
 */
package io.github.freqreg.benchmarks.large;
