package io.github.freqreg.examples.tasks;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A network, the data that it learns, and the figure that it is judged by. */
public interface Task extends AutoCloseable {

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

    /** Draws a sheet of the images that a network generates, if it generates images. */
    default Optional<BufferedImage> samples(Block block, NDManager manager) {
        return Optional.empty();
    }

    /** Frees what it holds in the engine. */
    @Override
    default void close() {}

    /**
     * How to train.
     *
     * @param batchSize how many examples a step takes
     * @param learningRate Adam's first one, which a few coefficients want larger than many weights
     * @param beta1 the decay of Adam's first moment
     */
    record Settings(int batchSize, float learningRate, float beta1) {

        /** With Adam's usual decay. */
        public static Settings of(int batchSize, float learningRate) {
            return new Settings(batchSize, learningRate, 0.9f);
        }
    }

    /**
     * Loads saved numbers into a new model of this task's network.
     *
     * @param device where the model computes
     * @param loading loads them
     * @return the model, to be closed by the caller
     */
    default Model load(Device device, Loading loading) throws IOException, MalformedModelException {
        Model model = Model.newInstance("fresh", device);
        try {
            model.setBlock(network());
            loading.into(model);
            return model;
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** Loads saved numbers into a model whose block is plain and not initialised. */
    @FunctionalInterface
    interface Loading {

        /** Loads the numbers. */
        void into(Model model) throws IOException, MalformedModelException;
    }
}
