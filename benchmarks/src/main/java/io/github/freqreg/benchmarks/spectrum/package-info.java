/** The inverse transform, see {@code io.github.freqreg.spectrum}. */
package io.github.freqreg.benchmarks.spectrum;
