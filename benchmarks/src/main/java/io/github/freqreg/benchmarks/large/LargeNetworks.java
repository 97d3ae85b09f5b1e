package io.github.freqreg.benchmarks.large;

import io.github.freqreg.benchmarks.Fork;
import io.github.freqreg.benchmarks.Readme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures time and memory of large networks and writes the table of {@code benchmarks/README.md}.
 *
 * <pre>
 * java -cp benchmarks/target/benchmarks.jar io.github.freqreg.benchmarks.large.LargeNetworks
 * </pre>
 */
public final class LargeNetworks {

    private static final List<String> HEAD =
            List.of(
                    "network",
                    "",
                    "wrap",
                    "predict",
                    "first step",
                    "step",
                    "fit to 1/16",
                    "save",
                    "load",
                    "first prediction");

    private LargeNetworks() {}

    /**
     * Runs all cases, one after the other. The working directory must be the root of the project.
     *
     * @param args none
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Readme.check();
        List<String> lines = new ArrayList<>();
        lines.add("| " + String.join(" | ", HEAD) + " |");
        lines.add("| --- ".repeat(HEAD.size()) + "|");
        Path file = Files.createTempFile("large", ".md");
        for (LargeNetwork network : LargeNetwork.values()) {
            for (String way :
                    List.of("fresh 0", "fresh 0.01", "trained 0.01", "fresh 1", "trained 1")) {
                String[] given = way.split(" ", -1);
                Fork.run(LargeRun.class, 1, network.name(), given[0], given[1], file.toString());
                lines.add(Files.readString(file).strip());
                System.out.println(lines.get(lines.size() - 1));
            }
        }
        Files.delete(file);
        Readme.write(LargeNetworks.class, String.join("\n", lines));
    }
}
