package io.github.freqreg.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file {@code benchmarks/README.md}, into which programs write tables between two marks. */
public final class Readme {

    private static final Path FILE = Path.of("benchmarks", "README.md");

    private Readme() {}

    /**
     * Throws if the working directory is not the root of the project.
     *
     * @throws IOException if there is no such file
     */
    public static void check() throws IOException {
        if (!Files.exists(FILE)) {
            throw new IOException(
                    FILE.toAbsolutePath()
                            + " does not exist: run this program in the root of the project");
        }
    }

    /**
     * Replaces what a program has written before.
     *
     * @param program the class of the program, whose name is in the marks
     * @param text in Markdown
     * @throws IOException if the file or its marks are missing
     */
    public static void write(Class<?> program, String text) throws IOException {
        check();
        String begin = "<!-- written by " + program.getSimpleName() + " -->\n";
        String end = "<!-- end of " + program.getSimpleName() + " -->";
        String before = Files.readString(FILE);
        int from = before.indexOf(begin);
        int to = before.indexOf(end);
        if (from < 0 || to < from) {
            throw new IOException(FILE + ": expected " + begin.strip() + " and " + end);
        }
        Files.writeString(
                FILE,
                before.substring(0, from + begin.length())
                        + "\n"
                        + text.strip()
                        + "\n\n"
                        + before.substring(to));
    }
}
