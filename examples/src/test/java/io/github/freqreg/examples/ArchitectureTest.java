package io.github.freqreg.examples;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The packages of the program and the arrows between them, which point down. */
@AnalyzeClasses(
        packages = "io.github.freqreg.examples",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

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
}
