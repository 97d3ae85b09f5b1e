package io.github.freqreg.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;

/**
 * The losses of both networks of a {@link io.github.freqreg.examples.networks.Dcgan}, added: each
 * number of the networks takes part in its own network's alone.
 *
 * <pre>
 * - log D(x) - log(1 - D(G(z)))   for D,      - log D(G(z))   for G
 * </pre>
 *
 * <p>means over the batch, with D the sigmoid of the logits.
 *
 * @see <a href="https://arxiv.org/abs/1511.06434">Unsupervised Representation Learning with Deep
 *     Convolutional Generative Adversarial Networks</a>
 */
final class DcganLoss extends Loss {

    DcganLoss() {
        super("DcganLoss");
    }

    /** {@inheritDoc} */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        // -log of the sigmoid of l is softplus(-l), and -log(1 - it) is softplus(l).
        NDArray real = surprise(predictions.get(0).neg());
        NDArray made = surprise(predictions.get(1));
        NDArray fooled = surprise(predictions.get(2).neg());
        return real.add(made).add(fooled);
    }

    private static NDArray surprise(NDArray logits) {
        return logits.getNDArrayInternal().softPlus().mean();
    }
}
