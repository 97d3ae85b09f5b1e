package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Runs the program in this process and keeps its output. */
abstract class ProgramTest {

    String out;
    String err;

    int run(String... args) {
        ProgramRun run = ProgramRun.of(args);
        out = run.out();
        err = run.err();
        return run.code();
    }

    /** Asserts that the last run printed one line of error, which contains a message. */
    void assertOneLine(String message) {
        assertTrue(err.startsWith("error: "), err);
        assertFalse(err.substring(7).matches("(?is)\\s*error:.*"), err);
        assertFalse(err.matches("(?s).*\\b(com|java|picocli|ai)\\.[a-z]+\\..*"), err);
        assertTrue(err.contains(message), err);
        assertEquals(1, err.lines().count(), err);
    }
}
