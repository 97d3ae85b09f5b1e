package io.github.freqreg.examples.spark;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.PublishedUNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.Serializable;

/**
 * The size of a UNet, which its file does not contain. It is needed to build the network that the
 * file is loaded into.
 *
 * @param width the channels of the first level
 * @param depth the number of times the image is halved
 */
record NetworkSize(int width, int depth) implements Serializable {

    /**
     * Loads a network.
     *
     * @param frq the bytes of a {@code .frq} file
     * @return a model on the CPU; the caller closes it
     * @throws MalformedModelException if the bytes are damaged or belong to a network of another
     *     size
     */
    Model load(byte[] frq) throws MalformedModelException {
        Model model = open();
        try {
            FrequencyFile.load(model, FrqDocument.decode(frq));
            return model;
        } catch (MalformedModelException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /**
     * Creates a randomly initialised network.
     *
     * @param side the side of its images in pixels
     * @param kept the coefficients kept in each tensor
     * @param seed the seed of the initialisation
     * @return the bytes of its file, with float32 numbers and without names
     */
    byte[] draw(int side, int kept, int seed) {
        Engine.getInstance().setRandomSeed(seed);
        Shape input = new Shape(1, 3, side, side);
        try (Model model = open()) {
            Block block =
                    FrequencyRegularization.builder()
                            .optKept(kept)
                            .build()
                            .apply(model.getBlock(), input);
            block.initialize(model.getNDManager(), DataType.FLOAT32, input);
            return encode(block);
        }
    }

    /** Encodes a network without names and shapes, which the receiver has. */
    static byte[] encode(Block block) {
        return FrequencyFile.toDocument(block, DataType.FLOAT32).withoutNames().encode();
    }

    private Model open() {
        Model model = Model.newInstance("unet", Device.cpu());
        model.setBlock(new UNet(width, depth, PublishedUNet.CLASSES));
        return model;
    }
}
