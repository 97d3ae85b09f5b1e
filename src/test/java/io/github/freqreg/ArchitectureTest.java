package io.github.freqreg;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The packages of the library and the arrows between them, as the package documentation draws. */
@AnalyzeClasses(
        packages = "io.github.freqreg",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final int MOST_LINES = 350;

    @ArchTest
    static final ArchRule ARROWS_POINT_DOWN =
            Architectures.layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .layer("training")
                    .definedBy("io.github.freqreg.training..")
                    .layer("policy")
                    .definedBy("io.github.freqreg.policy..")
                    .layer("file")
                    .definedBy("io.github.freqreg.file..")
                    .layer("interop")
                    .definedBy("io.github.freqreg.interop..")
                    .layer("block")
                    .definedBy("io.github.freqreg.block..")
                    .layer("execution")
                    .definedBy("io.github.freqreg.execution..")
                    .layer("format")
                    .definedBy("io.github.freqreg.format..")
                    .layer("nn")
                    .definedBy("io.github.freqreg.nn..")
                    .layer("spectrum")
                    .definedBy("io.github.freqreg.spectrum..")
                    .whereLayer("training")
                    .mayOnlyAccessLayers("policy", "file", "format", "block")
                    .whereLayer("policy")
                    .mayOnlyAccessLayers("interop", "block", "execution", "spectrum")
                    .whereLayer("file")
                    .mayOnlyAccessLayers("interop", "block", "execution", "format", "spectrum")
                    .whereLayer("interop")
                    .mayOnlyAccessLayers("block", "format", "spectrum")
                    .whereLayer("block")
                    .mayOnlyAccessLayers("execution", "nn", "spectrum")
                    .whereLayer("execution")
                    .mayOnlyAccessLayers("nn", "spectrum")
                    .whereLayer("format")
                    .mayOnlyAccessLayers("spectrum")
                    .whereLayer("nn")
                    .mayNotAccessAnyLayer()
                    .whereLayer("spectrum")
                    .mayNotAccessAnyLayer()
                    .ensureAllClassesAreContainedInArchitectureIgnoring("io.github.freqreg");

    @ArchTest
    static final ArchRule NO_CIRCLES =
            slices().matching("io.github.freqreg.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule EVERY_CLASS_LIVES_IN_A_LAYER =
            classes()
                    .that()
                    .resideInAPackage("io.github.freqreg")
                    .should()
                    .haveSimpleName(Internal.class.getSimpleName())
                    .orShould()
                    .haveSimpleName(ArrayView.class.getSimpleName())
                    .orShould()
                    .haveSimpleName("package-info");

    @ArchTest
    static final ArchRule THE_FORMAT_KNOWS_NO_BLOCKS =
            noClasses()
                    .that()
                    .resideInAPackage("io.github.freqreg.format..")
                    .should()
                    .dependOnClassesThat(resideInAPackage("ai.djl.nn.."));

    @ArchTest
    static final ArchRule INTERNAL_CLASSES_ARE_PUBLIC =
            classes()
                    .that(areInternal())
                    .should()
                    .bePublic()
                    .because("a class that only its own package uses needs no marker");

    private static DescribedPredicate<JavaClass> areInternal() {
        return DescribedPredicate.describe(
                "are internal",
                type ->
                        type.isAnnotatedWith(Internal.class)
                                && !type.getModifiers().contains(JavaModifier.SYNTHETIC));
    }

    @Test
    void aClassIsShort() throws IOException {
        Path sources = Path.of("main/java");
        List<String> tooLong = new ArrayList<>();
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                int lines = Files.readAllLines(file).size();
                if (lines > MOST_LINES) {
                    tooLong.add(file + " has " + lines);
                }
            }
        }
        assertTrue(
                Files.exists(sources.resolve("io/github/freqreg")), "run in the module's folder");
        assertEquals(List.of(), tooLong);
    }
}
