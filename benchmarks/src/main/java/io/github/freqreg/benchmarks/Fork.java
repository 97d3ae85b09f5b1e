package io.github.freqreg.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a program of the benchmarks in a process of its own. */
public final class Fork {

    private Fork() {}

    /**
     * Runs a program and waits for its end. What it prints is shown.
     *
     * @param program the class with the main method
     * @param threads the threads of the engine
     * @param args of the program
     * @throws IOException if it fails
     * @throws InterruptedException if the waiting thread is interrupted
     */
    public static void run(Class<?> program, int threads, String... args)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-Dai.djl.offline=true",
                                "-Dai.djl.pytorch.num_threads=" + threads,
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                                program.getName()));
        command.addAll(List.of(args));
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        process.environment().put("OMP_NUM_THREADS", String.valueOf(threads));
        int status = process.start().waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", args) + " ended with the status " + status);
        }
    }
}
