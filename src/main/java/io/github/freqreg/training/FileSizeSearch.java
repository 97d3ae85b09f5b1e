package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.TooFewBytesException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Searches the smallest file with an allowed loss.
 *
 * <p>The first attempt has 1/16 of the dense float32 size. While attempts succeed, the next one has
 * a quarter of the bytes; while none has succeeded, twice as many, up to half the dense size. Then
 * the interval between the largest failure and the smallest success is bisected on a logarithmic
 * scale. The next size depends only on the attempts so far, so that an interrupted search resumes.
 *
 * @param denseBytes the size of the dense network with float32 numbers
 */
record FileSizeSearch(long denseBytes) {

    private static final int FIRST = 16;
    private static final int DOWN = 4;
    private static final int LEAST = 2;

    /** The search ends when the largest failure has this fraction of the smallest success. */
    private static final double CLOSE = 0.75;

    /**
     * An attempt.
     *
     * @param bytes the limit on the size of the file
     * @param succeeded whether the loss was allowed
     */
    record Attempt(long bytes, boolean succeeded) {}

    /** Tries a size. */
    @FunctionalInterface
    interface Trial {

        /**
         * Returns whether a file of at most a number of bytes has the allowed loss.
         *
         * @throws TooFewBytesException if the network does not fit
         */
        boolean succeeds(long bytes)
                throws IOException, TranslateException, MalformedModelException;
    }

    /**
     * Tries sizes until the smallest is found.
     *
     * @param attempts the attempts so far, to which further ones are added
     * @param stopped whether the user has ended the search
     * @param trial tries a size
     * @param note takes a line on each size that the network does not fit
     */
    void run(List<Attempt> attempts, BooleanSupplier stopped, Trial trial, Consumer<String> note)
            throws IOException, TranslateException, MalformedModelException {
        OptionalLong next = next(attempts);
        while (next.isPresent() && !stopped.getAsBoolean()) {
            long bytes = next.getAsLong();
            boolean succeeded = false;
            try {
                succeeded = trial.succeeds(bytes);
            } catch (TooFewBytesException e) {
                note.accept(
                        String.format(Locale.ROOT, "%,d bytes are too few: ", bytes)
                                + e.getMessage());
            }
            attempts.add(new Attempt(bytes, succeeded));
            next = next(attempts);
        }
    }

    /**
     * Returns the error that no size succeeded.
     *
     * @param allowed the allowed loss
     * @param stopped whether the user has ended the search
     * @param log what was tried
     */
    static RuntimeException nothingFound(double allowed, boolean stopped, List<String> log) {
        return stopped
                ? new IllegalStateException(
                        "The compression was stopped before a file with a loss of at most "
                                + allowed
                                + " was found: with a checkpoint, it can be resumed")
                : new IllegalArgumentException(
                        "No file has a loss of at most " + allowed + ": " + log);
    }

    /** Returns the smallest size that succeeded. */
    static OptionalLong smallest(List<Attempt> attempts) {
        return attempts.stream().filter(Attempt::succeeded).mapToLong(Attempt::bytes).min();
    }

    /**
     * Returns the size of the next attempt.
     *
     * @param attempts the attempts so far
     * @return the bytes, or nothing if the search has ended
     */
    OptionalLong next(List<Attempt> attempts) {
        if (attempts.isEmpty()) {
            return OptionalLong.of(Math.max(1, denseBytes / FIRST));
        }
        OptionalLong success = smallest(attempts);
        OptionalLong failure =
                attempts.stream().filter(a -> !a.succeeded()).mapToLong(Attempt::bytes).max();
        long next;
        if (success.isEmpty()) {
            next = 2 * failure.orElseThrow();
            return next > denseBytes / LEAST ? OptionalLong.empty() : OptionalLong.of(next);
        }
        if (failure.isEmpty()) {
            next = success.getAsLong() / DOWN;
            return next < 1 ? OptionalLong.empty() : OptionalLong.of(next);
        }
        double small = failure.getAsLong();
        double large = success.getAsLong();
        return small >= CLOSE * large
                ? OptionalLong.empty()
                : OptionalLong.of(Math.round(Math.sqrt(small * large)));
    }
}
