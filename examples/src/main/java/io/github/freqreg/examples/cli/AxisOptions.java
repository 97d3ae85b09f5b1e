package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.AxisTreatment;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** The options that choose the axes of the cosine transform. */
final class AxisOptions {

    @Option(
            names = "--split",
            description =
                    "not in the paper: transform a flattened axis along the feature maps, rows and"
                            + " columns behind it, and an attention weight along its heads")
    private boolean split;

    @Option(
            names = "--weighted",
            description =
                    "not in the paper: keep more frequencies along channels and units than along"
                            + " rows"
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
