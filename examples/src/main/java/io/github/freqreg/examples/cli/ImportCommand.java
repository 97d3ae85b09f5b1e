package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.format.SizedDocument;
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

/** Converts the UNet that the paper's authors published into a {@code .frq} file. */
@Command(
        name = "import-frereg",
        description = "Converts the published UNet, a PyTorch checkpoint, into a .frq file.",
        mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "the PyTorch checkpoint, unet_fr.pt")
    private Path file;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "F.frq",
            description = "the file to write")
    private Path out;

    @Mixin private NamesOption names;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        names.apply(PublishedUNet.read(file)).write(out);
        PrintWriter output = spec.commandLine().getOut();
        output.print(
                FrqReport.of(SizedDocument.read(out), PublishedUNet.build(), PublishedUNet.INPUT));
        output.flush();
        return 0;
    }
}
