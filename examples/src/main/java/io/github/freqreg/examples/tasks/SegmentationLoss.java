package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

/**
 * Cross-entropy plus Dice loss:
 *
 * <pre>
 * - mean over pixels of log p[right class]  +  1 - mean over classes of 2 Σ p·q / (Σ p + Σ q)
 * </pre>
 *
 * <p>with p the softmax of the scores (batch, classes, height, width) and q the one-hot labels
 * (batch, height, width); the sums of the Dice term run over pixels and batch. Safe for concurrent
 * use by several trainers.
 */
public final class SegmentationLoss extends Loss {

    private static final float SMALL = 1e-6f;

    /** Creates the loss. */
    public SegmentationLoss() {
        super("SegmentationLoss");
    }

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray scores = predictions.singletonOrThrow();
        int classes = Math.toIntExact(scores.getShape().get(1));
        NDArray right =
                labels.singletonOrThrow()
                        .toType(DataType.INT32, false)
                        .oneHot(classes, scores.getDataType())
                        .transpose(0, 3, 1, 2);
        NDArray logarithms = scores.logSoftmax(1);
        NDArray entropy = logarithms.mul(right).sum(new int[] {1}).mean().neg();
        NDArray predicted = logarithms.exp();
        int[] all = {0, 2, 3};
        // Doubled by adding, not by mul(2): the garbage collector may free the memory behind a Java
        // number while the gradient's graph still refers to it.
        NDArray both = predicted.mul(right).sum(all);
        NDArray dice =
                both.add(both).add(SMALL).div(predicted.sum(all).add(right.sum(all)).add(SMALL));
        return entropy.sub(dice.mean()).add(1);
    }
}
