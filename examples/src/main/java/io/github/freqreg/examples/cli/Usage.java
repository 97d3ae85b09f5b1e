package io.github.freqreg.examples.cli;

import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks arguments; what fails is reported as wrong usage of the command. */
final class Usage {

    private Usage() {}

    /**
     * Requires a condition.
     *
     * @param spec the command
     * @param holds whether the condition holds
     * @param message what was expected and what was given
     * @throws ParameterException if it does not hold
     */
    static void require(CommandSpec spec, boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** Requires that the first learning rate, if one was given, is above 0 and finite. */
    static void requireRate(CommandSpec spec, Optional<Float> rate) {
        require(
                spec,
                rate.isEmpty() || rate.get() > 0 && Float.isFinite(rate.get()),
                "--learning-rate must be above 0 and finite but is "
                        + rate.map(String::valueOf).orElse(""));
    }

    /** Reports an argument that another class refused. */
    static ParameterException error(CommandSpec spec, IllegalArgumentException cause) {
        return new ParameterException(spec.commandLine(), cause.getMessage(), cause);
    }
}
