package io.github.freqreg.examples.tasks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.data.Validation;
import io.github.freqreg.examples.networks.UNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.zip.CRC32C;

/** Segmentation of an object from its background, measured by the Dice coefficient. */
public final class ScenesTask implements Task {

    private static final int DRAWN = 240;

    private final String source;
    private final int size;
    private final int width;
    private final int depth;
    private final List<Scene> training;
    private final List<Scene> validation;
    private final List<Scene> test;

    private ScenesTask(String source, List<Scene> all, int subset, int size, int width, int depth) {
        this.source = source;
        this.size = size;
        this.width = width;
        this.depth = depth;
        int first = all.size() - ImagePair.testCount(all.size());
        List<Scene> some = Images.spread(subset, first).stream().map(all::get).toList();
        int trained = Validation.trained(some.size(), source);
        training = some.subList(0, trained);
        validation = some.subList(trained, some.size());
        test = all.subList(first, all.size());
    }

    /**
     * Creates the task with generated scenes.
     *
     * @param subset the most scenes to train on, evenly spread
     * @param size the side of the scenes in pixels
     * @param width the channels of the network's first level
     * @param depth the levels of the network below the first
     */
    public static ScenesTask drawn(int subset, int size, int width, int depth) {
        return new ScenesTask("drawn scenes", draw(size), subset, size, width, depth);
    }

    /**
     * Creates the task with the images of a folder.
     *
     * @param folder the folder, with {@code images/} and {@code masks/}
     * @param subset the most images to train on, evenly spread
     * @param size the side of the square to which they are scaled, in pixels
     * @param width the channels of the network's first level
     * @param depth the levels of the network below the first
     * @throws IOException if a folder cannot be read
     */
    public static ScenesTask read(Path folder, int subset, int size, int width, int depth)
            throws IOException {
        List<Scene> scenes = read(folder, size);
        return new ScenesTask(Images.name(folder), scenes, subset, size, width, depth);
    }

    private static List<Scene> draw(int size) {
        Random random = new Random(0);
        List<Scene> scenes = new ArrayList<>();
        for (int i = 0; i < DRAWN; i++) {
            scenes.add(Scene.draw(size, random));
        }
        return scenes;
    }

    private static List<Scene> read(Path folder, int size) throws IOException {
        List<ImagePair> pairs = ImagePair.pairs(folder);
        if (pairs.size() < 3) {
            throw new DataException(
                    folder
                            + ": expected 3 or more images, of which one is for validation and one"
                            + " for the test");
        }
        List<Scene> scenes = new ArrayList<>();
        for (ImagePair pair : pairs) {
            scenes.add(Scene.read(pair, size));
        }
        return scenes;
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        return String.format(
                Locale.ROOT,
                "UNet of width %d and depth %d on %s: %,d training, %,d validation and %,d test images, %dx%d",
                width,
                depth,
                source,
                training.size(),
                validation.size(),
                test.size(),
                size,
                size);
    }

    /** {@inheritDoc} */
    @Override
    public DataSet data() {
        CRC32C crc = new CRC32C();
        for (List<Scene> scenes : List.of(training, validation, test)) {
            for (Scene scene : scenes) {
                crc.update(scene.colors());
                crc.update(scene.mask());
            }
        }
        return new DataSet(
                source, training.size(), validation.size(), test.size(), (int) crc.getValue());
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return new UNet(width, depth, PublishedUNet.CLASSES);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] inputs(int batchSize) {
        return new Shape[] {new Shape(batchSize, 3, size, size)};
    }

    /** {@inheritDoc} */
    @Override
    public int size() {
        return training.size();
    }

    /** {@inheritDoc} */
    @Override
    public Example batch(NDManager manager, List<Integer> indices, Random random) {
        List<Scene> scenes = indices.stream().map(i -> training.get(i).varied(random)).toList();
        return new Example(
                new NDList(Scene.inputs(manager, scenes)),
                new NDList(Scene.labels(manager, scenes)));
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return new SegmentationLoss();
    }

    /** {@inheritDoc} */
    @Override
    public TrainingDefaults defaults() {
        return Network.UNET.training();
    }

    /** {@inheritDoc} */
    @Override
    public Score measure(Part part, Block block, NDManager manager) {
        List<Scene> measured = part == Part.TEST ? test : validation;
        double dice = Segmentation.dice(block, manager, measured);
        String text = String.format(Locale.ROOT, "Dice %.4f (%d images)", dice, measured.size());
        return new Score("Dice", dice, text);
    }
}
