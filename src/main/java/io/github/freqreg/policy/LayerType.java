package io.github.freqreg.policy;

import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.convolutional.Deconvolution;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.djl.nn.transformer.IdEmbedding;

/**
 * The kinds of layer that a policy tells apart, with the published floor of each.
 *
 * <p>The floor is the zigzag index of the last coefficient that truncation never cuts: one more
 * number is kept. The paper's code states 127 for convolutions, 255 for linear layers and 31 for
 * transposed convolutions. It has none for other kinds: here recurrent layers, whose weights are
 * matrices too, take the linear layer's, all others the convolution's.
 */
public enum LayerType {
    /** {@code Conv1d}, {@code Conv2d}, {@code Conv3d}, with or without groups. */
    CONVOLUTION(127),
    /** {@code Conv1dTranspose}, {@code Conv2dTranspose}. */
    TRANSPOSED_CONVOLUTION(31),
    /** {@code Linear} and {@code LinearCollection}. */
    LINEAR(255),
    /**
     * Tables of {@code Embedding} and its subclasses, and of {@code IdEmbedding}, which BERT uses.
     */
    EMBEDDING(127),
    /** {@code RNN}, {@code LSTM}, {@code GRU}. */
    RECURRENT(255),
    /** Batch, ghost batch and layer normalisation. */
    NORMALIZATION(127),
    /** Everything else that has parameters of its own. */
    OTHER(127);

    private final int floor;

    LayerType(int floor) {
        this.floor = floor;
    }

    /**
     * Returns the zigzag index of the last coefficient that is never cut.
     *
     * @return the published floor
     */
    public int getFloor() {
        return floor;
    }

    /** Tells the kind of a block from its class. */
    static LayerType of(Block block) {
        if (block instanceof Convolution) {
            return CONVOLUTION;
        } else if (block instanceof Deconvolution) {
            return TRANSPOSED_CONVOLUTION;
        } else if (block instanceof Linear || block instanceof LinearCollection) {
            return LINEAR;
        } else if (block instanceof Embedding || block instanceof IdEmbedding) {
            return EMBEDDING;
        } else if (block instanceof RecurrentBlock) {
            return RECURRENT;
        } else if (block instanceof BatchNorm || block instanceof LayerNorm) {
            return NORMALIZATION;
        }
        return OTHER;
    }
}
