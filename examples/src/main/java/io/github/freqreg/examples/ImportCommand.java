package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns the authors' published UNet into a {@code .frq} file. */
@Command(
        name = "import-frereg",
        description = "Turns the published UNet (a PyTorch checkpoint) into a .frq file.",
        mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "the checkpoint, unet_fr.pt")
    private Path file;

    @Option(names = "--out", required = true, paramLabel = "F.frq", description = "what to write")
    private Path out;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        FrqDocument document = PublishedUNet.read(file);
        document.write(out);
        PrintWriter output = spec.commandLine().getOut();
        output.print(CompressionReport.of(out));
        output.flush();
        return 0;
    }
}
