/** The transform alone. */
package io.github.freqreg.benchmarks.spectrum;
