package io.github.freqreg.examples.spark;

import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.examples.data.Scene;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Where an image is from, as it is told to an executor, which reads or draws it there.
 *
 * @param name of the file without its ending, or the number of a drawn scene
 * @param image the image's file, or null to draw it
 * @param mask the mask's file, or null where there is none
 */
record SceneSource(String name, String image, String mask) implements Serializable {

    /** The sources of images that are listed. */
    static List<SceneSource> of(List<Segmentation.Pair> pairs) {
        return pairs.stream()
                .map(
                        pair ->
                                new SceneSource(
                                        pair.name(),
                                        pair.image().toAbsolutePath().toString(),
                                        pair.mask() == null
                                                ? null
                                                : pair.mask().toAbsolutePath().toString()))
                .toList();
    }

    /** The sources of scenes that are drawn. */
    static List<SceneSource> drawn(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new SceneSource(Integer.toString(i), null, null))
                .toList();
    }

    /** The scene, scaled to a square. */
    Scene scene(int side) throws IOException {
        return image == null ? draw(side) : Scene.read(pair(), side);
    }

    /** The image in its own size, with its mask; a drawn one is a square of the given side. */
    Picture picture(int side) throws IOException {
        if (image == null) {
            Scene scene = draw(side);
            return new Picture(scene.image(), Segmentation.foreground(scene.mask()));
        }
        BufferedImage read = Segmentation.read(Path.of(image));
        return new Picture(read, mask == null ? null : Segmentation.mask(pair(), read));
    }

    private Scene draw(int side) {
        // Java's generator begins alike for seeds that follow each other.
        long seed = new SplittableRandom(Integer.parseInt(name)).nextLong();
        return Scene.draw(side, new Random(seed));
    }

    private Segmentation.Pair pair() {
        return new Segmentation.Pair(name, Path.of(image), Path.of(mask));
    }

    /**
     * An image of any size.
     *
     * @param mask whether each pixel is of the object, row by row; or null where that is not known
     */
    record Picture(BufferedImage image, boolean[] mask) {}
}
