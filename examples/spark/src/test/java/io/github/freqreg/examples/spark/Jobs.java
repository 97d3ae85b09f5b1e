package io.github.freqreg.examples.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.freqreg.examples.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** Runs jobs by their command lines. */
final class Jobs {

    private Jobs() {}

    /** Runs a job, checks its exit code, and returns its output. */
    static String run(CommandLine job, int code, String... args) {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        job.setOut(writer).setErr(writer);
        assertEquals(code, Main.run(job, args), output::toString);
        return output.toString().strip();
    }
}
