package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints what a file holds, or draws it. */
@Command(
        name = "inspect",
        description = "Prints what a .frq file holds, tensor by tensor, or draws it.",
        mixinStandardHelpOptions = true,
        resourceBundle = ShapeArguments.OF_UNETS)
final class InspectCommand implements Callable<Integer> {

    /** How the report is printed. */
    enum Format {
        TABLE,
        CSV,
        JSON
    }

    @Parameters(paramLabel = "FILE", description = "a .frq file")
    private Path file;

    @Option(names = "--format", description = "table, csv or json (default: table)")
    private Format format;

    @Option(
            names = "--html",
            paramLabel = "REPORT.html",
            description = "write one page with pictures instead, which needs no other file")
    private Path html;

    @Option(
            names = "--plots",
            paramLabel = "DIR",
            description = "write the same pictures there, as PNG")
    private Path plots;

    @Option(
            names = "--curve",
            paramLabel = "F.json",
            description = "draw the learning curves too that train --json wrote to this file")
    private Path curve;

    @Mixin private ShapeArguments unet;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        PrintWriter out = spec.commandLine().getOut();
        if (html != null || plots != null) {
            check(format == null, "--format has no meaning with --html and --plots");
            draw(out);
        } else {
            check(curve == null, "--curve has no meaning without --html or --plots");
            print(out);
        }
        out.flush();
        return 0;
    }

    private void check(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private void print(PrintWriter out) throws IOException, MalformedModelException {
        FrqDocument document = FrqDocument.read(file);
        CompressionReport report =
                report(document)
                        .orElseThrow(
                                () ->
                                        new MalformedModelException(
                                                file
                                                        + ": it leaves names and shapes to its"
                                                        + " network, and is neither lenet's nor a"
                                                        + " unet's of this --width and --depth; "
                                                        + document.numbers()
                                                        + " numbers in "
                                                        + document.entries().size()
                                                        + " tensors"));
        switch (format == null ? Format.TABLE : format) {
            case CSV:
                out.print(report.toCsv());
                break;
            case JSON:
                out.println(report.toJson());
                break;
            default:
                out.print(report);
        }
    }

    private void draw(PrintWriter out) throws IOException, MalformedModelException {
        Learning learning = curve == null ? null : Learning.read(curve);
        Contents contents = Contents.read(file, report(FrqDocument.read(file)));
        Figures figures = Figures.of(contents, learning);
        if (html != null) {
            WholeFile.checkWritable(html);
            HtmlReport.write(contents, figures, html);
            out.println(html);
        }
        if (plots != null) {
            WholeFile.checkWritable(plots.resolve("bytes.png"));
            for (Figure figure : figures.all()) {
                if (figure.isDrawn()) {
                    Path picture = plots.resolve(figure.id() + ".png");
                    PngFile.write(figure.drawing().apply(Theme.LIGHT), picture);
                    out.println(picture + ": " + figure.title());
                } else {
                    out.println(figure.title() + ": " + figure.caption());
                }
            }
            figures.notes().forEach(out::println);
        }
    }

    /** Of a file without names, one of the program's networks brings them, or none. */
    private Optional<CompressionReport> report(FrqDocument document)
            throws IOException, MalformedModelException {
        if (document.isNamed()) {
            return Optional.of(CompressionReport.of(file));
        }
        try {
            return Optional.of(report(file, LeNet.build(), new Shape(1).addAll(LeNet.INPUT)));
        } catch (MalformedModelException e) {
            // Not LeNet's.
        }
        try {
            return Optional.of(
                    report(file, unet.network(WeightFile.shapes(document)), PublishedUNet.INPUT));
        } catch (MalformedModelException e) {
            // Nor a UNet's.
            return Optional.empty();
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
