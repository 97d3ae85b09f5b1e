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

/** The source of an image. It is sent to an executor, which reads or generates the image. */
sealed interface SceneSource extends Serializable {

    /** Returns the name of the file without its extension, or the number of a generated scene. */
    String name();

    /** Returns the image in its own size; a generated one is a square with the given side. */
    Picture picture(int side);

    /** Returns the image and its mask, scaled to a square. */
    Scene scene(int side);

    /** Returns the sources of images in files. */
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

    /** Returns the sources of generated scenes. */
    static List<SceneSource> drawn(int count) {
        return IntStream.range(0, count).<SceneSource>mapToObj(Drawn::new).toList();
    }

    /**
     * A generated scene.
     *
     * @param number the number of the scene, which is also its seed
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
            // The first numbers of java.util.Random are similar for consecutive seeds.
            return Scene.draw(side, new Random(new SplittableRandom(number).nextLong()));
        }
    }

    /**
     * An image in a file, without a mask.
     *
     * @param name the name of the file without its extension
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
     * @param name the name of the files without their extensions
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
     * @param image the RGB image
     * @param mask true for each pixel inside the object, row by row, if the mask is known
     */
    record Picture(BufferedImage image, Optional<boolean[]> mask) {}
}
