package io.github.freqreg.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Pieces of code in texts, and between comments of the tests that run them. */
final class Snippets {

    private Snippets() {}

    /** What a Markdown file shows as Java. */
    static List<String> shown(Path file) throws IOException {
        return between(Files.readAllLines(file), "```java", "```");
    }

    /** What a test class has between a comment of this text and one of "end". */
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
