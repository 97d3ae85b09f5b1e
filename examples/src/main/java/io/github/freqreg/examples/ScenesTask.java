package io.github.freqreg.examples;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.networks.UNet;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** A UNet tells an object from its background, and is judged by the Dice coefficient. */
final class ScenesTask implements Task {

    private static final int DRAWN = 240;
    private static final int CLASSES = 2;

    /** One in so many scenes, the last by name, is for the test. */
    private static final int TEST_SHARE = 6;

    private final String source;
    private final int size;
    private final int width;
    private final int depth;
    private final List<Scene> training;
    private final List<Scene> test;

    /**
     * Reads or draws the scenes.
     *
     * @param folder with {@code images/} and {@code masks/}, or null to draw scenes
     * @param subset how many scenes are trained on at most, evenly spread
     * @param size the side to which they are scaled
     * @param width the channels of the network's first level
     * @param depth how often it halves the image
     */
    ScenesTask(Path folder, int subset, int size, int width, int depth) throws IOException {
        this.size = size;
        this.width = width;
        this.depth = depth;
        source = folder == null ? "drawn scenes" : Images.name(folder);
        List<Scene> all = folder == null ? draw(size) : read(folder, size);
        int first = all.size() - testCount(all.size());
        training = Images.spread(subset, first).stream().map(all::get).toList();
        test = all.subList(first, all.size());
    }

    /** How many of so many scenes are for the test. */
    static int testCount(int scenes) {
        return (scenes + TEST_SHARE - 1) / TEST_SHARE;
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
        List<Segmentation.Pair> pairs = Segmentation.pairs(folder);
        if (pairs.size() < 2) {
            throw new DataException(folder + ": expected 2 images or more, one to test");
        }
        List<Scene> scenes = new ArrayList<>();
        for (Segmentation.Pair pair : pairs) {
            BufferedImage image = Segmentation.read(pair.image());
            scenes.add(Scene.of(image, Segmentation.mask(pair, image), size));
        }
        return scenes;
    }

    /** {@inheritDoc} */
    @Override
    public String title() {
        return String.format(
                Locale.ROOT,
                "UNet of width %d and depth %d on %s: %,d training and %,d test images, %dx%d",
                width,
                depth,
                source,
                training.size(),
                test.size(),
                size,
                size);
    }

    /** {@inheritDoc} */
    @Override
    public Block network() {
        return new UNet(width, depth, CLASSES);
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
        return arrays(manager, indices.stream().map(i -> training.get(i).varied(random)).toList());
    }

    private Example arrays(NDManager manager, List<Scene> scenes) {
        int pixels = size * size;
        float[] colors = new float[scenes.size() * 3 * pixels];
        float[] masks = new float[scenes.size() * pixels];
        for (int i = 0; i < colors.length; i++) {
            byte color = scenes.get(i / (3 * pixels)).colors()[i % (3 * pixels)];
            colors[i] = (color & 0xff) / 255f;
        }
        for (int i = 0; i < masks.length; i++) {
            masks[i] = scenes.get(i / pixels).mask()[i % pixels];
        }
        return new Example(
                new NDList(
                        manager.create(
                                FloatBuffer.wrap(colors),
                                new Shape(scenes.size(), 3, size, size),
                                DataType.FLOAT32)),
                new NDList(
                        manager.create(
                                FloatBuffer.wrap(masks),
                                new Shape(scenes.size(), size, size),
                                DataType.FLOAT32)));
    }

    /** {@inheritDoc} */
    @Override
    public Loss loss() {
        return new SegmentationLoss();
    }

    /** {@inheritDoc} */
    @Override
    public void keepByDefault(FrequencyRegularization.Builder policy) {
        policy.optKept(33);
    }

    /** {@inheritDoc} */
    @Override
    public Settings settings(boolean dense) {
        return Settings.of(2, dense ? 0.001f : 0.01f);
    }

    /** One image at a time, as it will be used: the network normalises by what it sees at once. */
    @Override
    public Score measure(Block block, NDManager manager) {
        double sum = 0;
        for (Scene scene : test) {
            try (NDManager scratch = manager.newSubManager()) {
                Example example = arrays(scratch, List.of(scene));
                NDArray scores =
                        block.forward(new ParameterStore(scratch, false), example.data(), false)
                                .singletonOrThrow();
                sum +=
                        Segmentation.dice(
                                Segmentation.foreground(scores),
                                Segmentation.foreground(scene.mask()));
            }
        }
        double dice = sum / test.size();
        String text = String.format(Locale.ROOT, "Dice %.4f (%d images)", dice, test.size());
        return new Score("Dice", dice, text);
    }
}
