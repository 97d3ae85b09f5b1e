package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import io.github.freqreg.CompressionReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints what a file holds. */
@Command(
        name = "inspect",
        description = "Prints what a .frq file holds, tensor by tensor.",
        mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {

    /** How the report is printed. */
    enum Format {
        TABLE,
        CSV,
        JSON
    }

    @Parameters(paramLabel = "FILE", description = "a .frq file")
    private Path file;

    @Option(
            names = "--format",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Format format;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        CompressionReport report = CompressionReport.of(file);
        PrintWriter out = spec.commandLine().getOut();
        switch (format) {
            case CSV:
                out.print(report.toCsv());
                break;
            case JSON:
                out.println(report.toJson());
                break;
            default:
                out.print(report);
        }
        out.flush();
        return 0;
    }
}
