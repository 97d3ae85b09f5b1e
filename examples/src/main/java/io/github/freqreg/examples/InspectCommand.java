package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

    @Mixin private ShapeArguments unet;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        CompressionReport report = report();
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

    /** Of a file without names, one of the program's networks brings them. */
    private CompressionReport report() throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        if (document.isNamed()) {
            return CompressionReport.of(file);
        }
        try {
            return report(file, LeNet.build(), new Shape(1).addAll(LeNet.INPUT));
        } catch (MalformedModelException e) {
            // Not LeNet's.
        }
        try {
            return report(file, unet.network(WeightFile.shapes(document)), PublishedUNet.INPUT);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(
                    file
                            + ": it leaves names and shapes to its network, and is neither lenet's"
                            + " nor a unet's of this --width and --depth; "
                            + document.numbers()
                            + " numbers in "
                            + document.tensors().size()
                            + " tensors",
                    e);
        }
    }

    /** The report on a file with the names and shapes of a network. */
    static CompressionReport report(Path file, Block network, Shape input)
            throws IOException, MalformedModelException {
        try (NDManager manager = NDManager.newBaseManager()) {
            network.initialize(manager, DataType.FLOAT32, input);
            return CompressionReport.of(file, network);
        }
    }
}
