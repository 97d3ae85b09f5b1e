package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;

/**
 * The sum of the losses of generator G and discriminator D of a {@link
 * io.github.freqreg.examples.networks.Dcgan}. Each parameter gets gradients only from the loss of
 * its own network.
 *
 * <pre>
 * - 0.9 log D(x) - 0.1 log(1 - D(x)) - log(1 - D(G(z)))   for D,      - log D(G(z))   for G
 * </pre>
 *
 * <p>Each term is a mean over the batch, and D is the sigmoid of the logits. The factors 0.9 and
 * 0.1 are one-sided label smoothing (Salimans and others, 2016), which keeps D from being certain
 * before G has learned anything.
 *
 * @see <a href="https://arxiv.org/abs/1511.06434">Unsupervised Representation Learning with Deep
 *     Convolutional Generative Adversarial Networks</a>
 */
final class DcganLoss extends Loss {

    private static final float SMOOTHING = 0.1f;

    DcganLoss() {
        super("DcganLoss");
    }

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        // -log sigmoid(l) = softplus(-l) and -log(1 - sigmoid(l)) = softplus(l).
        NDArray real = smoothed(predictions.get(0));
        NDArray made = meanSoftPlus(predictions.get(1));
        NDArray fooled = meanSoftPlus(predictions.get(2).neg());
        return real.add(made).add(fooled);
    }

    /**
     * Computes (1 - s) softplus(-l) + s softplus(l), which is softplus(-l) + s · l because
     * softplus(l) - softplus(-l) = l.
     */
    private static NDArray smoothed(NDArray logits) {
        // An array of the engine: memory behind a Java number may be freed before the backward
        // pass.
        NDArray smoothing = logits.getManager().create(SMOOTHING);
        return meanSoftPlus(logits.neg()).add(logits.mean().mul(smoothing));
    }

    private static NDArray meanSoftPlus(NDArray logits) {
        return logits.getNDArrayInternal().softPlus().mean();
    }
}
