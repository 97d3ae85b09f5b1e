package io.github.freqreg.examples.cli;

import io.github.freqreg.format.FrqDocument;
import picocli.CommandLine.Option;

/** The option that keeps names and shapes in a file of a number of bytes. */
final class NamesOption {

    @Option(
            names = "--names",
            description =
                    "keep the names and shapes of tensors in a file of a number of bytes; without"
                            + " them, the network supplies them when the file is loaded")
    private boolean names;

    boolean names() {
        return names;
    }

    /** Removes names and shapes from a document, unless the option was given. */
    FrqDocument apply(FrqDocument document) {
        return names ? document : document.withoutNames();
    }
}
