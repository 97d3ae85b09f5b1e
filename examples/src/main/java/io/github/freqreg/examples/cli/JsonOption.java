package io.github.freqreg.examples.cli;

import ai.djl.Device;
import io.github.freqreg.examples.report.ResultJson;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option that writes the result to a JSON file. */
final class JsonOption {

    @Option(
            names = "--json",
            paramLabel = "F.json",
            description = "write the result to this file as JSON")
    private Optional<Path> file = Optional.empty();

    /** Fails before the work begins if the file cannot be written. */
    void check() throws IOException {
        if (file.isPresent()) {
            WholeFile.checkWritable(file.get());
        }
    }

    /** Computes the result and writes it, if the option was given. */
    void write(Result result, Device device) throws IOException {
        if (file.isPresent()) {
            ResultJson.write(file.get(), result.values(), device);
        }
    }

    /** Computes a result. */
    @FunctionalInterface
    interface Result {

        /** Returns the values by name. */
        Map<String, Object> values() throws IOException;
    }
}
