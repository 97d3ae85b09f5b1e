package io.github.freqreg.examples.spark;

import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.data.Scene;
import java.awt.image.BufferedImage;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** The origin of an image. It is sent to an executor, which reads or draws the image there. */
sealed interface SceneSource extends Serializable {

    /** The name of the file without its extension, or the number of a drawn scene. */
    String name();

    /** The image in its own size, with its mask; a drawn one is a square of the given side. */
    Picture picture(int side);

    /** The image with its mask, scaled to a square. */
    Scene scene(int side);

    /** The sources of images in files. */
    static List<SceneSource> of(List<ImagePair> pairs) {
        return pairs.stream().map(SceneSource::of).toList();
    }

    private static SceneSource of(ImagePair pair) {
        String image = pair.image().toAbsolutePath().toString();
        return pair.mask()
                .<SceneSource>map(
                        mask -> new Pair(pair.name(), image, mask.toAbsolutePath().toString()))
                .orElse(new Photograph(pair.name(), image));
    }

    /** The sources of scenes that are drawn. */
    static List<SceneSource> drawn(int count) {
        return IntStream.range(0, count).<SceneSource>mapToObj(Drawn::new).toList();
    }

    /**
     * A scene that is drawn.
     *
     * @param number of the scene, which seeds it
     */
    record Drawn(int number) implements SceneSource {

        /** {@inheritDoc} */
        @Override
        public String name() {
            return Integer.toString(number);
        }

        /** {@inheritDoc} */
        @Override
        public Picture picture(int side) {
            Scene scene = scene(side);
            return new Picture(scene.image(), Optional.of(Masks.of(scene.mask())));
        }

        /** {@inheritDoc} */
        @Override
        public Scene scene(int side) {
            // Java's generator begins alike for seeds that follow each other.
            return Scene.draw(side, new Random(new SplittableRandom(number).nextLong()));
        }
    }

    /**
     * An image in a file, without a mask.
     *
     * @param name of the file without its extension
     * @param image the path of the file
     */
    record Photograph(String name, String image) implements SceneSource {

        /** {@inheritDoc} */
        @Override
        public Picture picture(int side) {
            return new Picture(ImageFile.readRgb(Path.of(image)), Optional.empty());
        }

        /** {@inheritDoc} */
        @Override
        public Scene scene(int side) {
            throw new IllegalStateException(image + ": a scene needs a mask");
        }
    }

    /**
     * An image and its mask in files.
     *
     * @param name of the files without their extensions
     * @param image the path of the image
     * @param mask the path of the mask
     */
    record Pair(String name, String image, String mask) implements SceneSource {

        /** {@inheritDoc} */
        @Override
        public Picture picture(int side) {
            BufferedImage read = ImageFile.readRgb(Path.of(image));
            return new Picture(read, Optional.of(Masks.read(files(), read)));
        }

        /** {@inheritDoc} */
        @Override
        public Scene scene(int side) {
            return Scene.read(files(), side);
        }

        private ImagePair files() {
            return new ImagePair(name, Path.of(image), Optional.of(Path.of(mask)));
        }
    }

    /**
     * An image of any size.
     *
     * @param image in red, green and blue
     * @param mask whether each pixel is of the object, row by row, if that is known
     */
    record Picture(BufferedImage image, Optional<boolean[]> mask) {}
}
