package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds test data that is not part of the project. */
public final class SharedData {

    private SharedData() {}

    /** Finds a file or folder in the folder FREQREG_DATA, or skips the test if there is none. */
    public static Path find(String name) {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path found = data.resolve(name);
        assumeTrue(Files.exists(found), "there is no " + found);
        return found;
    }
}
