package io.github.freqreg.examples.tasks;

import java.io.Console;

/** Tells whether somebody watches standard output. */
final class Terminal {

    private Terminal() {}

    /**
     * Whether standard output is a terminal: bars that are drawn over each other belong there, and
     * would fill a log.
     */
    @SuppressWarnings("SystemConsoleNull") // Asked below, where the JDK has the method.
    static boolean isOut() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // From JDK 22 on there is a console also where there is no terminal.
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
