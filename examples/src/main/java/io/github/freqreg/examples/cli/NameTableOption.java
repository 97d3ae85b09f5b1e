package io.github.freqreg.examples.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option of a table that maps the names of a weight file to those of the network. */
final class NameTableOption {

    @Option(
            names = "--name-table",
            paramLabel = "TXT",
            description =
                    "which array of --weights to load into which tensor, for a .pt, .safetensors or"
                            + " .npz with other names. A table that does not exist yet is written:"
                            + " by name, shape and order, with what is left over; correct it and"
                            + " run the command again")
    private Optional<Path> file = Optional.empty();

    Optional<Path> file() {
        return file;
    }
}
