/** Loading of files, see {@code io.github.freqreg.format}. */
package io.github.freqreg.benchmarks.format;
