package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.report.Contents;
import io.github.freqreg.examples.report.Figure;
import io.github.freqreg.examples.report.Figures;
import io.github.freqreg.examples.report.HtmlReport;
import io.github.freqreg.examples.report.Learning;
import io.github.freqreg.examples.report.Theme;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.SizedDocument;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the tensors of a {@code .frq} file and their sizes, or draws them. */
@Command(
        name = "inspect",
        description = "Prints the tensors of a .frq file and their sizes, or draws them.",
        mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {

    /** The output formats of the report. */
    enum Format {
        TABLE,
        CSV,
        JSON
    }

    @Parameters(paramLabel = "FILE", description = "a .frq file")
    private Path file;

    @Option(names = "--format", description = "output format: table, csv or json (default: table)")
    private Optional<Format> format = Optional.empty();

    @Option(
            names = "--html",
            paramLabel = "REPORT.html",
            description = "write a self-contained HTML page with charts instead")
    private Optional<Path> html = Optional.empty();

    @Option(
            names = "--plots",
            paramLabel = "DIR",
            description = "write the same charts to this folder as PNG files")
    private Optional<Path> plots = Optional.empty();

    @Option(
            names = "--curve",
            paramLabel = "F.json",
            description = "also draw the learning curves of this file, which train --json wrote")
    private Optional<Path> curve = Optional.empty();

    @Mixin private ShapeArguments shape;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        PrintWriter out = spec.commandLine().getOut();
        if (html.isPresent() || plots.isPresent()) {
            Usage.require(
                    spec, format.isEmpty(), "--format cannot be combined with --html or --plots");
            draw(out);
        } else {
            Usage.require(spec, curve.isEmpty(), "--curve requires --html or --plots");
            print(out);
        }
        out.flush();
        return 0;
    }

    private void print(PrintWriter out) throws IOException, MalformedModelException {
        SizedDocument content = SizedDocument.read(file);
        FrqDocument document = content.document();
        CompressionReport report =
                report(content)
                        .orElseThrow(
                                () ->
                                        new MalformedModelException(
                                                file
                                                        + ": the file has no names and shapes, and"
                                                        + " its fingerprint is of no network of this"
                                                        + " program with these --width, --depth and"
                                                        + " --size; --html draws its tensors by"
                                                        + " number. It holds "
                                                        + document.numbers()
                                                        + " numbers in "
                                                        + document.entries().size()
                                                        + " tensors"));
        switch (format.orElse(Format.TABLE)) {
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
        Optional<Learning> learning =
                curve.isPresent() ? Optional.of(Learning.read(curve.get())) : Optional.empty();
        SizedDocument content = SizedDocument.read(file);
        Contents contents = Contents.of(file, content, report(content));
        Figures figures = Figures.of(contents, learning);
        if (html.isPresent()) {
            WholeFile.checkWritable(html.get());
            HtmlReport.write(contents, figures, html.get());
            out.println(html.get());
        }
        if (plots.isPresent()) {
            plot(figures, plots.get(), out);
        }
    }

    private static void plot(Figures figures, Path folder, PrintWriter out) throws IOException {
        WholeFile.checkWritable(folder.resolve("bytes.png"));
        for (Figure figure : figures.all()) {
            if (figure.drawing().isPresent()) {
                Path picture = folder.resolve(figure.id() + ".png");
                PngFile.write(figure.drawing().get().apply(Theme.LIGHT), picture);
                out.println(picture + ": " + figure.title());
            } else {
                out.println(figure.title() + ": " + figure.caption());
            }
        }
        figures.notes().forEach(out::println);
    }

    private Optional<CompressionReport> report(SizedDocument content)
            throws MalformedModelException {
        try {
            return FrqReport.of(content, shape);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }
}
