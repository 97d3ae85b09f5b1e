package io.github.freqreg.examples.tasks;

import java.io.Console;

/** Detects whether standard output is a terminal. */
final class Terminal {

    private Terminal() {}

    /**
     * Returns whether standard output is a terminal, where a progress bar can overwrite itself; in
     * a log file each update would be a new line.
     */
    @SuppressWarnings("SystemConsoleNull") // From JDK 22 on, isTerminal decides.
    static boolean isOut() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // From JDK 22 on, System.console() is not null without a terminal either.
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
