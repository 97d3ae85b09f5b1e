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

/** The options that say which arrays of a weight file belong to the network. */
final class WeightOptions {

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

    @Option(
            names = "--name-table",
            paramLabel = "TXT",
            description =
                    "which array of --weights to load into which tensor, for a .pt, .safetensors or"
                            + " .npz with other names. A table that does not exist yet is written:"
                            + " by name, shape and order, with what is left over; correct it and"
                            + " run the command again")
    private Optional<Path> nameTable = Optional.empty();

    /** Opens a weight file and prints which part of it was read, if it has parts. */
    WeightFile open(Path weights) throws IOException, MalformedModelException {
        WeightFile file;
        try {
            file = WeightFile.open(weights, part, nameTable);
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
