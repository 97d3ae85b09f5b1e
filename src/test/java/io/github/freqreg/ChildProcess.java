package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a main class of the tests in a new Java process. */
public final class ChildProcess {

    private static final int SECONDS = 120;

    private ChildProcess() {}

    /** Returns the Java that runs the tests. */
    public static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /**
     * Runs a class and asserts that it exits with 0.
     *
     * @param java the Java program
     * @param options the options of the Java process
     * @param main the main class
     * @param arguments the arguments of the main class
     * @return what it printed
     */
    public static String run(Path java, List<String> options, Class<?> main, Object... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(java.toString()));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        for (Object each : arguments) {
            command.add(each.toString());
        }
        File log = File.createTempFile("child", ".log");
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log)
                            .start();
            boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
            String output = Files.readString(log.toPath(), StandardCharsets.UTF_8);
            assertTrue(ended, output);
            assertEquals(0, process.exitValue(), output);
            return output;
        } finally {
            Files.delete(log.toPath());
        }
    }
}
