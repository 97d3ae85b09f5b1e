package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.tasks.WeightFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that names the network among the parts of a PyTorch checkpoint. */
final class PartOption {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--part",
            paramLabel = "NAME",
            description =
                    "the part of a PyTorch checkpoint that is the network, its keys joined by dots,"
                            + " such as state.model (default: state_dict, model, module, net,"
                            + " network, generator or params, also with _state or _state_dict, or"
                            + " the only dictionary of tensors)")
    private Optional<String> part = Optional.empty();

    /** Opens a weight file and prints which part of it was read, if it has parts. */
    WeightFile open(Path weights) throws IOException, MalformedModelException {
        WeightFile file;
        try {
            file =
                    part.isPresent()
                            ? WeightFile.open(weights, part.get())
                            : WeightFile.open(weights);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--part: " + e.getMessage(), e);
        }
        if (!file.describe().isEmpty()) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(weights + ": " + file.describe());
            out.flush();
        }
        return file;
    }
}
