package io.github.freqreg.examples.cli;

import io.github.freqreg.format.FrqDocument;
import picocli.CommandLine.Option;

/** The option that leaves names and shapes out of a file. */
final class NamesOption {

    @Option(
            names = "--no-names",
            description =
                    "leave the names and shapes of tensors out of the file; the network supplies"
                            + " them when"
                            + " the file is loaded")
    private boolean noNames;

    boolean names() {
        return !noNames;
    }

    /** Removes names and shapes from a document, if the option was given. */
    FrqDocument apply(FrqDocument document) {
        return noNames ? document.withoutNames() : document;
    }
}
