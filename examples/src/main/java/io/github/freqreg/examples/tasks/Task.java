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
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A network with its training data, its loss and the metric that it is measured by. */
public interface Task extends AutoCloseable {

    /** Returns a title that names network and data. */
    String title();

    /** Describes the training, validation and test examples. */
    DataSet data();

    /** Builds the dense network, not initialised. */
    Block network();

    /** Returns the shapes of a batch of inputs. */
    Shape[] inputs(int batchSize);

    /** Returns the number of training examples. */
    int size();

    /**
     * Creates a batch of training examples.
     *
     * @param manager the manager of its arrays
     * @param indices the indices of the examples
     * @param random draws their augmentation
     */
    Example batch(NDManager manager, List<Integer> indices, Random random);

    /** Creates the loss. */
    Loss loss();

    /** Returns the default settings of the training. */
    TrainingDefaults defaults();

    /** Measures a network on a part of the data. */
    Score measure(Part part, Block block, NDManager manager);

    /** Draws images that the network generates; empty if it is not generative. */
    default Optional<BufferedImage> samples(Block block, NDManager manager) {
        return Optional.empty();
    }

    /** Frees the engine's memory that the task holds. */
    @Override
    default void close() {}

    /**
     * Training settings.
     *
     * @param batchSize the examples in a step
     * @param learningRate Adam's largest learning rate; larger for a few coefficients than for many
     *     weights
     * @param beta1 the decay of Adam's first moment
     * @param warmUp the fraction of the steps during which the rate rises from 0
     */
    record Settings(int batchSize, float learningRate, float beta1, double warmUp) {}

    /**
     * Creates a model of this task's network and loads weights into it.
     *
     * @param device the device of the model
     * @param loading loads the weights
     * @return the model, which the caller closes
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

    /** Loads weights into a model whose block is dense and not initialised. */
    @FunctionalInterface
    interface Loading {

        /** Loads the weights. */
        void into(Model model) throws IOException, MalformedModelException;
    }
}
