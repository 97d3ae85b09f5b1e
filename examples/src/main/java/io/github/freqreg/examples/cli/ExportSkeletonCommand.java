package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.torch.TorchScriptArchive;
import io.github.freqreg.interop.torch.TorchScriptParameter;
import io.github.freqreg.interop.torch.TorchScriptSkeleton;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a TorchScript archive without its weights, which a .frq file holds. */
@Command(
        name = "export-skeleton",
        description =
                "Writes a TorchScript archive with emptied weights, to be shipped with a .frq"
                        + " file.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExportSkeletonCommand implements Callable<Integer> {

    @Parameters(paramLabel = "NET.pt", description = "the archive, written by torch.jit.save")
    private Path archive;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "NET.skeleton.pt",
            description = "the file to write")
    private Path out;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        Usage.require(
                spec,
                !Files.exists(out) || !Files.exists(archive) || !Files.isSameFile(archive, out),
                "--out must be another file than the archive but is " + out);
        WholeFile.checkWritable(out);
        TorchScriptSkeleton.write(archive, out);
        long numbers =
                TorchScriptArchive.read(archive).parameters().stream()
                        .filter(parameter -> parameter.tiedTo().isEmpty())
                        .map(TorchScriptParameter::shape)
                        .mapToLong(shape -> shape.size())
                        .sum();
        PrintWriter output = spec.commandLine().getOut();
        output.printf(
                Locale.ROOT,
                "%s: %,d bytes of %,d, without %,d weights%n",
                out,
                Files.size(out),
                Files.size(archive),
                numbers);
        output.flush();
        return 0;
    }
}
