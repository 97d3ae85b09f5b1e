package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks that the code in the guides is the code that the tests compile and run. */
class GuidesTest {

    private static final Path GUIDES = Path.of("guides");

    private static final List<Class<?>> TESTS =
            List.of(
                    CompressionGuidesTest.class,
                    DeploymentGuidesTest.class,
                    TorchScriptGuideTest.class);

    @Test
    void theGuidesShowTheCodeOfTheTests() throws Exception {
        List<String> names;
        try (Stream<Path> files = Files.list(GUIDES)) {
            names = files.map(file -> file.getFileName().toString()).sorted().toList();
        }
        assertEquals(13, names.size());
        String index = Files.readString(GUIDES.resolve("README.md"));
        for (String name : names) {
            if (!name.equals("README.md")) {
                assertTrue(index.contains("(" + name + ")"), name);
                List<String> here = new ArrayList<>();
                for (Class<?> test : TESTS) {
                    here.addAll(Snippets.run(test, name));
                }
                assertFalse(here.isEmpty(), name);
                assertEquals(
                        String.join("\n---\n", here),
                        String.join("\n---\n", Snippets.shown(GUIDES.resolve(name))));
            }
        }
    }
}
