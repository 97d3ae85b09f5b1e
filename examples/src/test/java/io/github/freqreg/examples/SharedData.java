package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Data that does not come with the project. */
public final class SharedData {

    private SharedData() {}

    /** A file or folder in the folder that FREQREG_DATA names; without it the test is skipped. */
    public static Path find(String name) {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path found = data.resolve(name);
        assumeTrue(Files.exists(found), "there is no " + found);
        return found;
    }
}
