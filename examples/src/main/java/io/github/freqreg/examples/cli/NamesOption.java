package io.github.freqreg.examples.cli;

import io.github.freqreg.format.FrqDocument;
import picocli.CommandLine.Option;

/** The option of whether a file holds names and shapes. */
final class NamesOption {

    @Option(
            names = "--no-names",
            description = "leave names and shapes out of the file; the network has them")
    private boolean noNames;

    boolean names() {
        return !noNames;
    }

    /** The document as it is to be written. */
    FrqDocument apply(FrqDocument document) {
        return noNames ? document.withoutNames() : document;
    }
}
