package io.github.freqreg.training;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.translate.TranslateException;
import java.io.IOException;

/**
 * Measures the quality of a network, where a DJL evaluator on a validation set cannot: a Fréchet
 * distance of generated images, the score of a whole document.
 */
@FunctionalInterface
public interface NetworkMeasure {

    /**
     * Measures a network.
     *
     * @param block the network, initialised; it must not be changed
     * @param manager a manager for temporary arrays, on the network's device
     * @return the figure, of which larger is better
     * @throws IOException if the data cannot be read
     * @throws TranslateException if the examples cannot be prepared
     */
    double of(Block block, NDManager manager) throws IOException, TranslateException;
}
