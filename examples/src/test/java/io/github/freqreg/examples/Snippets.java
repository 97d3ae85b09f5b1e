package io.github.freqreg.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Extracts code from Markdown files, and from the tests that run it. */
final class Snippets {

    private Snippets() {}

    /** Returns the Java code blocks of a Markdown file. */
    static List<String> shown(Path file) throws IOException {
        return between(Files.readAllLines(file), "```java", "```");
    }

    /** Returns the code between each comment with this text and the next comment "end". */
    static List<String> run(Class<?> test, String comment) throws IOException {
        Path source = Path.of("src/test/java", test.getName().replace('.', '/').concat(".java"));
        return between(Files.readAllLines(source), "// " + comment, "// end");
    }

    private static List<String> between(List<String> lines, String begin, String end) {
        List<String> blocks = new ArrayList<>();
        StringBuilder block = null;
        for (String line : lines) {
            if (line.strip().equals(begin)) {
                block = new StringBuilder();
            } else if (block != null && line.strip().equals(end)) {
                blocks.add(block.toString().stripTrailing().stripIndent().strip());
                block = null;
            } else if (block != null) {
                block.append(line).append('\n');
            }
        }
        return blocks;
    }
}
