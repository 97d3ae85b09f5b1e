package io.github.freqreg.examples.cli;

import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Argument checks that fail as wrong usage of the command. */
final class Usage {

    private Usage() {}

    /**
     * Requires a condition.
     *
     * @param spec the command
     * @param holds the condition
     * @param message the expected and the given value
     * @throws ParameterException if it does not hold
     */
    static void require(CommandSpec spec, boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** Requires that the learning rate, if it was given, is positive and finite. */
    static void requireRate(CommandSpec spec, Optional<Float> rate) {
        require(
                spec,
                rate.isEmpty() || rate.get() > 0 && Float.isFinite(rate.get()),
                "--learning-rate must be above 0 and finite" + butIs(rate));
    }

    /** Returns the end of a message that says which value an option has. */
    static String butIs(Optional<?> value) {
        return " but is " + value.map(String::valueOf).orElse("");
    }

    /** Wraps the exception of a class that rejected a value of the command line. */
    static ParameterException error(CommandSpec spec, IllegalArgumentException cause) {
        return new ParameterException(spec.commandLine(), cause.getMessage(), cause);
    }
}
