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
import io.github.freqreg.block.ChildBlocks;

/**
 * The kinds of layer that a policy distinguishes, with the published floor of each.
 *
 * <p>The floor is the zigzag index of the last coefficient that truncation never cuts, so floor + 1
 * coefficients remain. The paper's code has floors for convolutions (127), linear layers (255) and
 * transposed convolutions (31) only. Here recurrent layers, whose weights are matrices, too, have
 * the floor of linear layers, and all other kinds that of convolutions.
 */
public enum LayerType {
    /** {@code Conv1d}, {@code Conv2d}, {@code Conv3d}, with or without groups. */
    CONVOLUTION(127),
    /** {@code Conv1dTranspose}, {@code Conv2dTranspose}. */
    TRANSPOSED_CONVOLUTION(31),
    /** {@code Linear} and {@code LinearCollection}. */
    LINEAR(255),
    /** {@code Embedding} and its subclasses, and {@code IdEmbedding}, which BERT uses. */
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
     * Returns the floor of this kind: the zigzag index, counted from 0, of the last coefficient
     * that is always kept while floors are enabled.
     *
     * @return the floor of the paper's published code
     */
    public int getFloor() {
        return floor;
    }

    /** Returns the kind of a block. */
    static LayerType of(Block any) {
        Block block = ChildBlocks.original(any);
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
