package io.github.freqreg.examples.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.freqreg.examples.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** Runs a job as its command line would. */
final class Jobs {

    private Jobs() {}

    /** Returns what it tells. */
    static String run(CommandLine job, int code, String... args) {
        StringWriter told = new StringWriter();
        PrintWriter writer = new PrintWriter(told);
        job.setOut(writer).setErr(writer);
        assertEquals(code, Main.run(job, args), told::toString);
        return told.toString().strip();
    }
}
