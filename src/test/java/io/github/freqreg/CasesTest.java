package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** The tests named in the table of cases exist. */
class CasesTest {

    private static final Path TABLE = Path.of("../.github/CASES.md");
    private static final Path TESTS = Path.of("test/java");
    private static final Pattern NAME = Pattern.compile("`(\\w+Test)#(\\w+)`");

    @Test
    void everyCaseNamesATest() throws IOException, ClassNotFoundException {
        List<String> missing = new ArrayList<>();
        for (String line : Files.readAllLines(TABLE)) {
            if (!line.startsWith("| ") || line.startsWith("| case ")) {
                continue;
            }
            Matcher name = NAME.matcher(line);
            int found = 0;
            while (name.find()) {
                found++;
                if (!isTest(name.group(1), name.group(2))) {
                    missing.add(name.group());
                }
            }
            assertTrue(found > 0, line);
        }
        assertEquals(List.of(), missing);
    }

    private static boolean isTest(String type, String method)
            throws IOException, ClassNotFoundException {
        Path source;
        try (Stream<Path> files = Files.walk(TESTS)) {
            source = files.filter(each -> each.endsWith(type + ".java")).findFirst().orElseThrow();
        }
        List<String> names = new ArrayList<>();
        source = TESTS.relativize(source);
        source.forEach(each -> names.add(each.toString().replace(".java", "")));
        for (Method each : Class.forName(String.join(".", names)).getDeclaredMethods()) {
            if (each.getName().equals(method)) {
                return Stream.of(Test.class, ParameterizedTest.class)
                        .anyMatch(each::isAnnotationPresent);
            }
        }
        return false;
    }
}
