package io.github.freqreg.interop;

import ai.djl.nn.Parameter;
import java.util.List;

/** What a tensor is to its layer, so that no bias is taken for a running mean of its length. */
enum TensorRole {
    /** A weight, or the scale of a normalisation. */
    WEIGHT,
    /** A bias, or the shift of a normalisation. */
    BIAS,
    RUNNING_MEAN,
    RUNNING_VARIANCE,
    OTHER;

    /** Returns the role that a name says, of PyTorch, of older versions of BERT or of Keras. */
    static TensorRole of(String name) {
        String last = name.substring(name.lastIndexOf('.') + 1);
        List<String> words = NameOrder.words(last);
        if (words.contains("mean")) {
            return RUNNING_MEAN;
        }
        if (words.contains("var") || words.contains("variance")) {
            return RUNNING_VARIANCE;
        }
        if (words.contains("bias") || words.contains("beta")) {
            return BIAS;
        }
        return words.contains("weight") || words.contains("gamma") || words.contains("kernel")
                ? WEIGHT
                : OTHER;
    }

    /** Returns the role of a parameter; DJL uses OTHER for weights of unknown type. */
    static TensorRole of(String name, Parameter.Type type) {
        return switch (type) {
            case WEIGHT, GAMMA -> WEIGHT;
            case BIAS, BETA -> BIAS;
            case RUNNING_MEAN -> RUNNING_MEAN;
            case RUNNING_VAR -> RUNNING_VARIANCE;
            case OTHER -> of(name.substring(name.lastIndexOf('_') + 1));
        };
    }
}
