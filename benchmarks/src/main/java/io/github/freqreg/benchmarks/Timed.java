package io.github.freqreg.benchmarks;

/** Something that can be run again and again, to be timed. */
public interface Timed extends AutoCloseable {

    /**
     * Runs it once.
     *
     * @return a value that depends on the result, so that no work can be left out
     */
    float run();

    /** Frees what it needs. */
    @Override
    void close();
}
