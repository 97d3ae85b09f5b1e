package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

/**
 * The negative evidence lower bound of a variational autoencoder, in nats per image:
 *
 * <pre>
 * - Σ over pixels of x log p + (1 - x) log(1 - p)  +  ½ Σ over latent numbers of σ² + μ² - 1 - log σ²
 * </pre>
 *
 * <p>with x the image in 0..1, p the sigmoid of the logits, and μ and σ² mean and variance of the
 * latent numbers. The loss is the mean over the batch.
 *
 * @see <a href="https://arxiv.org/abs/1312.6114">Auto-Encoding Variational Bayes</a>
 */
final class VaeLoss extends Loss {

    VaeLoss() {
        super("VaeLoss");
    }

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.get(0);
        NDArray pixels = labels.singletonOrThrow().reshape(logits.getShape());
        NDArray mean = predictions.get(1);
        NDArray logVariance = predictions.get(2);
        // With -log p = softplus(-l) and -log(1 - p) = softplus(l), a pixel costs softplus(l) - x
        // l.
        NDArray reconstruction = logits.getNDArrayInternal().softPlus().sub(pixels.mul(logits));
        NDArray divergence = logVariance.exp().add(mean.square()).sub(1).sub(logVariance);
        // An array of the engine instead of a Java number: see the guide on garbage collection.
        NDArray half = divergence.getManager().ones(new Shape(1), divergence.getDataType());
        half = half.toDevice(divergence.getDevice(), false).divi(2);
        return reconstruction
                .sum(new int[] {1})
                .mean()
                .add(divergence.mul(half).sum(new int[] {1}).mean());
    }
}
