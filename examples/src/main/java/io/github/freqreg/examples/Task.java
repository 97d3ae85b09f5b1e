package io.github.freqreg.examples;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Random;

/** A network, the data that it learns, and the figure that it is judged by. */
interface Task extends AutoCloseable {

    /** Says what is trained on what. */
    String title();

    /** Which examples it is trained on and measured on. */
    DataSet data();

    /** Builds the plain network, not initialised. */
    Block network();

    /** The shapes of a batch of inputs. */
    Shape[] inputs(int batchSize);

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

    /** How to train where the user does not say. */
    Settings settings(boolean dense);

    /** Sets how much is kept where the user does not say. */
    default void keepByDefault(FrequencyRegularizationBuilder policy) {
        policy.optKeepRate(0.01);
    }

    /** Measures a network on the test set. */
    Score measure(Block block, NDManager manager);

    /** Draws a sheet of what a network makes, or gives null where it makes no images. */
    default BufferedImage samples(Block block, NDManager manager) {
        return null;
    }

    /** Frees what it holds in the engine. */
    @Override
    default void close() {}

    /** Inputs with what is to be told of them. */
    record Example(NDList data, NDList labels) {}

    /**
     * How to train.
     *
     * @param batchSize how many examples a step takes
     * @param learningRate Adam's first one, which a few coefficients want larger than many weights
     * @param beta1 the decay of Adam's first moment
     */
    record Settings(int batchSize, float learningRate, float beta1) {

        /** With Adam's usual decay. */
        static Settings of(int batchSize, float learningRate) {
            return new Settings(batchSize, learningRate, 0.9f);
        }
    }

    /**
     * How good a network is on the test set.
     *
     * @param metric what the value is, such as accuracy
     * @param value the figure
     * @param text both in words
     */
    record Score(String metric, double value, String text) {

        /** The one figure that is better the lower it is. */
        static final String DISTANCE = "Fréchet distance";

        /** How much better this is than another score of the same metric. */
        double above(Score other) {
            double difference = value - other.value;
            return metric.equals(DISTANCE) ? -difference : difference;
        }

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return text;
        }
    }
}
