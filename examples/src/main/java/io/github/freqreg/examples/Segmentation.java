package io.github.freqreg.examples;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.CategoryMask;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.translate.TranslateException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Tells an object from its background, and measures how well, by the Dice coefficient.
 *
 * <p>The methods are safe for concurrent use, also with one model.
 */
public final class Segmentation {

    private static final int FOREGROUND = 128;
    private static final int RED = 0xff3030;

    /** One in so many images, the last by name, is for the test. */
    private static final int TEST_SHARE = 6;

    private Segmentation() {}

    /**
     * An image with its mask.
     *
     * @param name the files' common name, without folder and ending
     * @param image the image's file
     * @param mask the mask's file, or null where there is none
     */
    public record Pair(String name, Path image, Path mask) {}

    /**
     * Lists the files of {@code images/}, with their masks if there is a folder {@code masks/}.
     *
     * @param folder where both are
     * @return one or more, by name
     * @throws IOException if a folder cannot be read
     * @throws DataException if there are no images, or one lacks its mask
     */
    public static List<Pair> images(Path folder) throws IOException {
        if (Files.isDirectory(folder.resolve("masks"))) {
            return pairs(folder);
        }
        List<Pair> images = new ArrayList<>();
        files(folder.resolve("images"))
                .forEach((name, file) -> images.add(new Pair(name, file, null)));
        return checkFound(images, folder);
    }

    /**
     * Pairs the files of {@code images/} and {@code masks/} by name.
     *
     * @param folder where both are
     * @return one or more, by name
     * @throws IOException if a folder cannot be read
     * @throws DataException if there are no images, or an image or a mask lacks the other
     */
    public static List<Pair> pairs(Path folder) throws IOException {
        Map<String, Path> images = files(folder.resolve("images"));
        Map<String, Path> masks = files(folder.resolve("masks"));
        List<Pair> pairs = new ArrayList<>();
        for (Map.Entry<String, Path> image : images.entrySet()) {
            Path mask = masks.remove(image.getKey());
            if (mask == null) {
                throw new DataException(
                        image.getValue() + ": expected a mask of this name in masks/");
            }
            pairs.add(new Pair(image.getKey(), image.getValue(), mask));
        }
        if (!masks.isEmpty()) {
            throw new DataException(
                    masks.values().iterator().next()
                            + ": expected an image of this name in images/");
        }
        return checkFound(pairs, folder);
    }

    private static List<Pair> checkFound(List<Pair> pairs, Path folder) {
        if (pairs.isEmpty()) {
            throw new DataException(folder + ": expected images but found none");
        }
        return pairs;
    }

    /**
     * Returns how many of so many images, the last by name, are for the test.
     *
     * @param images how many there are
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

    /**
     * Reads a PNG or JPEG file.
     *
     * @param file the path
     * @return the image in red, green and blue, upright as its EXIF data says
     * @throws DataException if it cannot be read, is cut or damaged, or is no such image
     */
    public static BufferedImage read(Path file) {
        return read(ImageFile.open(file));
    }

    /** The image of an opened file, in red, green and blue. */
    static BufferedImage read(ImageFile file) {
        BufferedImage image = file.read();
        BufferedImage colors =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        Raster raster = image.getRaster();
        boolean gray = image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
        int depth = image.getSampleModel().getSampleSize(0);
        for (int i = 0; i < image.getWidth() * image.getHeight(); i++) {
            int x = i % image.getWidth();
            int y = i / image.getWidth();
            // Java brightens gray when it is asked for its colour; the numbers as stored are meant.
            int color =
                    gray
                            ? raster.getSample(x, y, 0) * 255 / ((1 << depth) - 1) * 0x010101
                            : image.getRGB(x, y);
            colors.setRGB(x, y, color);
        }
        return colors;
    }

    /**
     * Segments the object in an image by DJL's predictor, at the size that the network was trained
     * on.
     *
     * @param model a UNet
     * @param picture the image
     * @return whether each pixel is of the object, row by row
     * @throws DataException if the network cannot take an image of this size
     */
    public static boolean[] segment(Model model, BufferedImage picture) {
        return segment(model, InputScale.TRAINED, picture);
    }

    /** The same at another size. */
    static boolean[] segment(Model model, InputScale scale, BufferedImage picture) {
        try (Predictor<Image, CategoryMask> predictor =
                model.newPredictor(new SegmentationTranslator(scale))) {
            return foreground(predictor.predict(ImageFactory.getInstance().fromImage(picture)));
        } catch (TranslateException e) {
            boolean refused = e.getCause() instanceof IllegalArgumentException;
            throw new DataException(
                    "The image of "
                            + picture.getWidth()
                            + "x"
                            + picture.getHeight()
                            + " pixels cannot be segmented: "
                            + (refused ? e.getCause() : e).getMessage(),
                    e);
        }
    }

    /** The pixels of class 1, row by row. */
    static boolean[] foreground(CategoryMask told) {
        int[][] mask = told.getMask();
        int width = mask[0].length;
        boolean[] foreground = new boolean[mask.length * width];
        for (int i = 0; i < foreground.length; i++) {
            foreground[i] = mask[i / width][i % width] == 1;
        }
        return foreground;
    }

    /** The pixels of the one image in a batch whose best score is class 1. */
    static boolean[] foreground(NDArray scores) {
        long[] classes = scores.argMax(1).toLongArray();
        boolean[] foreground = new boolean[classes.length];
        for (int i = 0; i < classes.length; i++) {
            foreground[i] = classes[i] == 1;
        }
        return foreground;
    }

    /**
     * Returns which pixels are 1.
     *
     * @param mask a scene's
     * @return whether each pixel is of the object
     */
    public static boolean[] foreground(byte[] mask) {
        boolean[] foreground = new boolean[mask.length];
        for (int i = 0; i < mask.length; i++) {
            foreground[i] = mask[i] == 1;
        }
        return foreground;
    }

    /**
     * Reads a mask.
     *
     * @param pair the files
     * @param image the image of this pair
     * @return whether each pixel is of the object, row by row
     * @throws IOException if it cannot be read
     * @throws DataException if it is no image, or of another size
     */
    public static boolean[] mask(Pair pair, BufferedImage image) throws IOException {
        BufferedImage mask = read(pair.mask());
        if (mask.getWidth() != image.getWidth() || mask.getHeight() != image.getHeight()) {
            throw new DataException(
                    String.format(
                            "%s: expected a mask of %dx%d pixels, as its image, but found %dx%d",
                            pair.mask(),
                            image.getWidth(),
                            image.getHeight(),
                            mask.getWidth(),
                            mask.getHeight()));
        }
        boolean[] foreground = new boolean[mask.getWidth() * mask.getHeight()];
        for (int i = 0; i < foreground.length; i++) {
            int color = mask.getRGB(i % mask.getWidth(), i / mask.getWidth());
            foreground[i] = (color & 0xff) >= FOREGROUND;
        }
        return foreground;
    }

    /**
     * Measures the Dice coefficient on scenes.
     *
     * <p>One image at a time, as it will be used: the network normalises by what it sees at once.
     *
     * @param block the network
     * @param manager its arrays come and go here
     * @param scenes one or more
     * @return the mean over the scenes
     */
    public static double dice(Block block, NDManager manager, List<Scene> scenes) {
        double sum = 0;
        for (Scene scene : scenes) {
            try (NDManager scratch = manager.newSubManager()) {
                NDList input = new NDList(Scene.inputs(scratch, List.of(scene)));
                NDArray scores =
                        block.forward(new ParameterStore(scratch, false), input, false)
                                .singletonOrThrow();
                sum += dice(foreground(scores), foreground(scene.mask()));
            }
        }
        return sum / scenes.size();
    }

    /**
     * Returns the Dice coefficient 2 |A ∩ B| / (|A| + |B|).
     *
     * @param told the pixels that are told to be of the object
     * @param right those that are
     * @return 0 to 1; 1 where both are empty
     */
    public static double dice(boolean[] told, boolean[] right) {
        long both = 0;
        long sum = 0;
        for (int i = 0; i < told.length; i++) {
            both += told[i] && right[i] ? 1 : 0;
            sum += (told[i] ? 1 : 0) + (right[i] ? 1 : 0);
        }
        return sum == 0 ? 1 : 2.0 * both / sum;
    }

    /**
     * Writes a mask as a black and white PNG file, whole or not at all.
     *
     * @param foreground whether each pixel is of the object, row by row
     * @param image whose mask it is
     * @param file the path; folders that are missing are made
     * @throws IOException if it cannot be written
     */
    public static void writeMask(boolean[] foreground, BufferedImage image, Path file)
            throws IOException {
        BufferedImage mask =
                new BufferedImage(
                        image.getWidth(), image.getHeight(), BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < foreground.length; i++) {
            mask.setRGB(i % mask.getWidth(), i / mask.getWidth(), foreground[i] ? 0xffffff : 0);
        }
        PngFile.write(mask, file);
    }

    /** Writes the image with its foreground tinted. */
    static void writeOverlay(boolean[] foreground, BufferedImage image, Path file)
            throws IOException {
        BufferedImage overlay =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < foreground.length; i++) {
            int x = i % image.getWidth();
            int y = i / image.getWidth();
            int color = image.getRGB(x, y);
            // Halves of both colours: the lowest bit of each channel is dropped first.
            int tinted = ((color & 0xfefefe) >> 1) + ((RED & 0xfefefe) >> 1);
            overlay.setRGB(x, y, foreground[i] ? tinted : color);
        }
        PngFile.write(overlay, file);
    }
}
