package io.github.freqreg.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.github.freqreg.Internal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages of the program and the arrows between them, which point down. */
@AnalyzeClasses(
        packages = "io.github.freqreg.examples",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int MOST_LINES = 350;

    @ArchTest
    static final ArchRule LAYERS =
            layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .layer("cli")
                    .definedBy("..examples.cli")
                    .layer("report")
                    .definedBy("..examples.report")
                    .layer("tasks")
                    .definedBy("..examples.tasks")
                    .layer("data")
                    .definedBy("..examples.data")
                    .layer("networks")
                    .definedBy("..examples.networks")
                    .whereLayer("cli")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("report")
                    .mayOnlyBeAccessedByLayers("cli")
                    .whereLayer("tasks")
                    .mayOnlyBeAccessedByLayers("cli", "report")
                    .whereLayer("data")
                    .mayOnlyBeAccessedByLayers("cli", "report", "tasks")
                    .whereLayer("networks")
                    .mayOnlyBeAccessedByLayers("cli", "tasks")
                    .ensureAllClassesAreContainedInArchitectureIgnoring(
                            "io.github.freqreg.examples");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.github.freqreg.examples.(*)..").should().beFreeOfCycles();

    /** The program uses what any other application can use. */
    @ArchTest
    static final ArchRule NOTHING_INTERNAL =
            noClasses().should().dependOnClassesThat().areAnnotatedWith(Internal.class);

    @Test
    void noClassIsLong() throws IOException {
        List<String> tooLong = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
                int lines = Files.readAllLines(file).size();
                if (lines > MOST_LINES) {
                    tooLong.add(file + " has " + lines);
                }
            }
        }
        assertEquals(List.of(), tooLong);
    }
}
