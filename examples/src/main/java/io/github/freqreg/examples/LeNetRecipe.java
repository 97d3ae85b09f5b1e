package io.github.freqreg.examples;

import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.TensorChoice;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Found settings for LeNet-5, each under a name. Biases are kept as coefficients too, and the first
 * linear layer's weight is split.
 */
enum LeNetRecipe {
    /** 776 numbers in all, as the paper has without biases. */
    PAPER_776(
            "paper-776", 30, new Task.Settings(128, 0.03f, 0.9f), 80, 4, 130, 6, 380, 20, 146, 10);

    private final String title;
    private final int epochs;
    private final Task.Settings settings;

    /** Of each weight and its bias, in the order of the layers. */
    private final long[] kept;

    LeNetRecipe(String title, int epochs, Task.Settings settings, long... kept) {
        this.kept = kept;
        this.title = title;
        this.epochs = epochs;
        this.settings = settings;
    }

    int epochs() {
        return epochs;
    }

    Task.Settings settings() {
        return settings;
    }

    /**
     * Sets what a policy keeps.
     *
     * @param builder the policy
     * @param tensors the network's weights and biases, in its order
     */
    void keep(FrequencyRegularization.Builder builder, List<TensorChoice> tensors) {
        String k = System.getProperty("freqreg.kept");
        if (k != null) {
            String[] p = k.split(",");
            for (int i = 0; i < kept.length; i++) kept[i] = Long.parseLong(p[i]);
        }
        String w = System.getProperty("freqreg.w", "");
        for (String one : w.split(";")) {
            if (!one.isEmpty()) {
                String[] kv = one.split(":");
                builder.addAxisWeights(
                        Splits.exactly(tensors.get(Integer.parseInt(kv[0]))),
                        java.util.Arrays.stream(kv[1].split(","))
                                .mapToInt(Integer::parseInt)
                                .toArray());
            }
        }
        for (int i = 0; i < kept.length; i++) {
            builder.addOverrideKept(Splits.exactly(tensors.get(i)), kept[i]);
        }
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return title;
    }

    /** From the name on the command line. */
    static final class Converter implements ITypeConverter<LeNetRecipe> {

        /** {@inheritDoc} */
        @Override
        public LeNetRecipe convert(String title) {
            for (LeNetRecipe recipe : values()) {
                if (recipe.title.equals(title)) {
                    return recipe;
                }
            }
            throw new TypeConversionException(
                    "expected one of " + Arrays.toString(values()) + " but was " + title);
        }
    }
}
