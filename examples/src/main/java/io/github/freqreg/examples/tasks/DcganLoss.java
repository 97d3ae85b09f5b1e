package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;

/**
 * The losses of both networks of a {@link io.github.freqreg.examples.networks.Dcgan}, added: each
 * number of the networks only takes part in the loss of its own network.
 *
 * <pre>
 * - 0.9 log D(x) - 0.1 log(1 - D(x)) - log(1 - D(G(z)))   for D,      - log D(G(z))   for G
 * </pre>
 *
 * <p>means over the batch, with D the sigmoid of the logits. That D may doubt real images keeps it
 * from being certain before G has learned anything (Salimans and others, 2016).
 *
 * @see <a href="https://arxiv.org/abs/1511.06434">Unsupervised Representation Learning with Deep
 *     Convolutional Generative Adversarial Networks</a>
 */
final class DcganLoss extends Loss {

    private static final float DOUBT = 0.1f;

    DcganLoss() {
        super("DcganLoss");
    }

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        // -log of the sigmoid of l is softplus(-l), and -log(1 - it) is softplus(l).
        NDArray real = doubted(predictions.get(0));
        NDArray made = surprise(predictions.get(1));
        NDArray fooled = surprise(predictions.get(2).neg());
        return real.add(made).add(fooled);
    }

    /** As softplus(l) - softplus(-l) = l, it is softplus(-l) + doubt · l. */
    private static NDArray doubted(NDArray logits) {
        // Held by the batch's manager: a number of Java's may be gone before the way back.
        NDArray doubt = logits.getManager().create(DOUBT);
        return surprise(logits.neg()).add(logits.mean().mul(doubt));
    }

    private static NDArray surprise(NDArray logits) {
        return logits.getNDArrayInternal().softPlus().mean();
    }
}
