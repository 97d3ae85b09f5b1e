/** Files. */
package io.github.freqreg.benchmarks.format;
