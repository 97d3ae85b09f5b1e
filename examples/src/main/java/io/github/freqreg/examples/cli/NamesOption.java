package io.github.freqreg.examples.cli;

import io.github.freqreg.format.FrqDocument;
import picocli.CommandLine.Option;

/** The option that stores names and shapes where they are omitted by default. */
final class NamesOption {

    @Option(
            names = "--names",
            description =
                    "store names and shapes of tensors also when the file has a size limit or is"
                            + " imported; by default the network supplies them")
    private boolean names;

    boolean names() {
        return names;
    }

    /** Removes names and shapes from a document, unless the option was given. */
    FrqDocument apply(FrqDocument document) {
        return names ? document : document.withoutNames();
    }
}
