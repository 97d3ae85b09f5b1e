package io.github.freqreg.examples.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An image file and the file of its mask, if there is one.
 *
 * @param name the common name of both files, without folder and extension
 * @param image the file of the image
 * @param mask the file of the mask
 */
public record ImagePair(String name, Path image, Optional<Path> mask) {

    /** The test set has one in this many images: the last ones by name. */
    private static final int TEST_SHARE = 6;

    /**
     * Lists the files of {@code images/}, with their masks if there is a folder {@code masks/}.
     *
     * @param folder the folder that contains {@code images/}
     * @return one or more images, sorted by name
     * @throws IOException if a folder cannot be read
     * @throws DataException if there are no images, or if there are masks but one is missing
     */
    public static List<ImagePair> images(Path folder) throws IOException {
        if (Files.isDirectory(folder.resolve("masks"))) {
            return pairs(folder);
        }
        List<ImagePair> images = new ArrayList<>();
        files(folder.resolve("images"))
                .forEach((name, file) -> images.add(new ImagePair(name, file, Optional.empty())));
        return checkFound(images, folder);
    }

    /**
     * Pairs the files of {@code images/} and {@code masks/} by name.
     *
     * @param folder the folder that contains both
     * @return one or more images with their masks, sorted by name
     * @throws IOException if a folder cannot be read
     * @throws DataException if there are no images, or if an image or a mask has no counterpart
     */
    public static List<ImagePair> pairs(Path folder) throws IOException {
        Map<String, Path> images = files(folder.resolve("images"));
        Map<String, Path> masks = files(folder.resolve("masks"));
        List<ImagePair> pairs = new ArrayList<>();
        for (Map.Entry<String, Path> image : images.entrySet()) {
            Path mask = masks.remove(image.getKey());
            if (mask == null) {
                throw new DataException(
                        image.getValue() + ": expected a mask of this name in masks/");
            }
            pairs.add(new ImagePair(image.getKey(), image.getValue(), Optional.of(mask)));
        }
        if (!masks.isEmpty()) {
            throw new DataException(
                    masks.values().iterator().next()
                            + ": this mask has no image: expected a file of the same name in images/");
        }
        return checkFound(pairs, folder);
    }

    private static List<ImagePair> checkFound(List<ImagePair> pairs, Path folder) {
        if (pairs.isEmpty()) {
            throw new DataException(folder + ": expected images but found none");
        }
        return pairs;
    }

    /**
     * Returns the size of the test set, which has the last images by name.
     *
     * @param images the number of images
     * @return a sixth of them, rounded up
     */
    public static int testCount(int images) {
        return (images + TEST_SHARE - 1) / TEST_SHARE;
    }

    private static Map<String, Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new DataException(folder + ": expected a folder of PNG or JPEG images");
        }
        Map<String, Path> files = new TreeMap<>();
        try (Stream<Path> list = Files.list(folder)) {
            for (Path file : (Iterable<Path>) list.sorted()::iterator) {
                String name = file.getFileName().toString();
                int dot = name.lastIndexOf('.');
                if (Files.isHidden(file)) {
                    continue;
                }
                if (files.put(dot < 0 ? name : name.substring(0, dot), file) != null) {
                    throw new DataException(file + ": expected one file of this name");
                }
            }
        }
        return files;
    }
}
