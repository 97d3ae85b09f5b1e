package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.AxisTreatment;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options of the axes along which frequencies run. */
final class AxisOptions {

    @Option(
            names = "--split",
            description =
                    "beyond the paper: frequencies along maps, rows and columns where these were"
                            + " flattened, and along heads")
    private boolean split;

    @Option(
            names = "--weighted",
            description =
                    "beyond the paper: more frequencies along channels and units, fewer along rows"
                            + " and columns")
    private boolean weighted;

    Set<AxisTreatment> treatment() {
        Set<AxisTreatment> treatment = EnumSet.noneOf(AxisTreatment.class);
        if (split) {
            treatment.add(AxisTreatment.SPLIT);
        }
        if (weighted) {
            treatment.add(AxisTreatment.WEIGHTED);
        }
        return treatment;
    }

    void describe(Map<String, String> settings) {
        settings.put("--split", String.valueOf(split));
        settings.put("--weighted", String.valueOf(weighted));
    }
}
