package io.github.freqreg.examples;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.FrequencyRegularization;
import java.util.List;
import java.util.Random;

/** A network, the data that it learns, and the figure that it is judged by. */
interface Task {

    /** Says what is trained on what. */
    String title();

    /** Builds the plain network, not initialised. */
    Block network();

    /** The shape of a batch of inputs. */
    Shape input(int batchSize);

    /** The number of training examples. */
    int size();

    /**
     * Makes a batch of training examples.
     *
     * @param manager the manager of its arrays
     * @param indices which examples
     * @param random draws how they are varied
     */
    Example batch(NDManager manager, List<Integer> indices, Random random);

    Loss loss();

    /** Adam's learning rate, which a few coefficients want larger than many weights. */
    float learningRate(boolean dense);

    /** Sets how much is kept where the user does not say. */
    void keepByDefault(FrequencyRegularization.Builder policy);

    /** How many examples a step takes where the user does not say. */
    int batchSize();

    /** Measures a network on the test set. */
    Score measure(Block block, NDManager manager);

    /** Inputs with what is to be told of them. */
    record Example(NDList data, NDList labels) {}

    /**
     * How good a network is on the test set.
     *
     * @param metric what the value is, such as accuracy
     * @param value from 0 to 1, higher is better
     * @param text both in words
     */
    record Score(String metric, double value, String text) {

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return text;
        }
    }
}
