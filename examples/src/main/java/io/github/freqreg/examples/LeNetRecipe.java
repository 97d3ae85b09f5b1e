package io.github.freqreg.examples;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.LayerType;
import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Found settings for LeNet-5, each under a name. */
enum LeNetRecipe {
    /** 776 numbers in all, as the paper has without biases. */
    PAPER_776(
            "paper-776", 30, new Task.Settings(128, 0.03f, 0.9f), 80, 4, 130, 6, 380, 20, 146, 10);

    private static final String[] TENSORS = {
        "01Conv2d_weight", "01Conv2d_bias", "03Conv2d_weight", "03Conv2d_bias",
        "06Linear_weight", "06Linear_bias", "08Linear_weight", "08Linear_bias"
    };

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

    /** Biases are smooth too; the first linear layer sees 50 maps of 4×4. */
    void keep(FrequencyRegularization.Builder builder) {
        builder.optLayerTypes(LayerType.values())
                .optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.BIAS)
                .addSplit("^06Linear_weight$", new Shape(500, 50, 4, 4));
        for (int i = 0; i < TENSORS.length; i++) {
            builder.addOverrideKept("^" + TENSORS[i] + "$", kept[i]);
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
