package io.github.freqreg.examples.spark;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.Serializable;

/**
 * What a UNet's file does not hold: how to build the network that it is loaded into.
 *
 * @param width the channels of the first level
 * @param depth how often the image is halved
 */
record NetworkSize(int width, int depth) implements Serializable {

    private static final int CLASSES = 2;

    /**
     * Loads a network.
     *
     * @param frq the bytes of a {@code .frq} file
     * @return a model on the CPU, to be closed
     * @throws MalformedModelException if they are damaged, or of a network of another size
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
     * Draws a network.
     *
     * @param side of its images in pixels
     * @param kept the coefficients of each tensor
     * @param seed of its numbers
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

    /** The bytes that are sent: names and shapes are left out, as the receiver has them. */
    static byte[] encode(Block block) {
        return FrequencyFile.toDocument(block, DataType.FLOAT32).withoutNames().encode();
    }

    private Model open() {
        Model model = Model.newInstance("unet", Device.cpu());
        model.setBlock(new UNet(width, depth, CLASSES));
        return model;
    }
}
