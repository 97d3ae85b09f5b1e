package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Images;
import java.util.function.Supplier;

/** Classifiers of digits that the examples do not have, as a user would write them with DJL. */
enum OwnNetwork {
    /** Convolutions in a class of its own. */
    RESIDUAL(ResidualNetwork::new),
    /** Two of DJL's encoder blocks with four heads; the tokens are the rows of the image. */
    TRANSFORMER(OwnNetwork::transformer),
    /** An LSTM layer of 128 units that reads the image row by row. */
    RECURRENT(OwnNetwork::lstm);

    private static final int EMBEDDING = 64;
    private static final int UNITS = 128;

    private final Supplier<Block> block;

    OwnNetwork(Supplier<Block> block) {
        this.block = block;
    }

    /** Builds the network, not initialised, for images (batch, 1, 28, 28). */
    Block build() {
        return block.get();
    }

    private static Block transformer() {
        return new SequentialBlock()
                .add(LambdaBlock.singleton(OwnNetwork::placedRows))
                .add(Linear.builder().setUnits(EMBEDDING).build())
                .add(encoder())
                .add(encoder())
                .add(LambdaBlock.singleton(rows -> rows.mean(new int[] {1})))
                .add(Linear.builder().setUnits(Images.CLASSES).build());
    }

    private static Block encoder() {
        return new TransformerEncoderBlock(EMBEDDING, 4, 2 * EMBEDDING, 0f, Activation::relu);
    }

    private static Block lstm() {
        return new SequentialBlock()
                .add(LambdaBlock.singleton(OwnNetwork::rows))
                .add(
                        LSTM.builder()
                                .setStateSize(UNITS)
                                .setNumLayers(1)
                                .optBatchFirst(true)
                                .optReturnState(false)
                                .build())
                .add(LambdaBlock.singleton(rows -> rows.mean(new int[] {1})))
                .add(Linear.builder().setUnits(Images.CLASSES).build());
    }

    private static NDArray rows(NDArray images) {
        return images.reshape(images.getShape().get(0), Digits.SIDE, Digits.SIDE);
    }

    /** Appends the position of each row, one-hot: attention alone does not see the order. */
    private static NDArray placedRows(NDArray images) {
        NDArray positions =
                images.getManager()
                        .eye(Digits.SIDE)
                        .reshape(1, Digits.SIDE, Digits.SIDE)
                        .repeat(0, images.getShape().get(0));
        return rows(images).concat(positions, 2);
    }
}
