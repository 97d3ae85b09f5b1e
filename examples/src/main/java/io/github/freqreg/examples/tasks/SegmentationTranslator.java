package io.github.freqreg.examples.tasks;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.CategoryMask;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.networks.UNet;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * From an image of any size to the class of each of its pixels, by a network such as {@link UNet}.
 *
 * <p>The network gets (1, 3, height, width) with red, green and blue from 0 to 1, and answers with
 * scores (1, classes, height, width); the best one counts. An image is scaled before, and its mask
 * back to the image's size. Safe for concurrent use.
 */
public final class SegmentationTranslator implements Translator<Image, CategoryMask> {

    private static final List<String> CLASSES = List.of("background", "object");

    private final InputScale scale;

    /**
     * Makes a translator that scales images to what the network was trained on: to the square if
     * its input is one, else into the input's size, with their own ratio of width to height.
     */
    public SegmentationTranslator() {
        this(InputScale.TRAINED);
    }

    /**
     * Makes a translator that scales images to a square.
     *
     * @param size the square's side in pixels, or 0 to leave images as they are, with memory in
     *     proportion
     */
    public SegmentationTranslator(int size) {
        this(size == 0 ? InputScale.OWN : InputScale.to(new ImageSize(size, size)));
    }

    /** Makes a translator that scales by a rule. */
    SegmentationTranslator(InputScale scale) {
        this.scale = scale;
    }

    /** {@inheritDoc} */
    @Override
    public NDList processInput(TranslatorContext ctx, Image input) {
        ctx.setAttachment("shape", new Shape(input.getHeight(), input.getWidth()));
        ImageSize size =
                scale.of(ctx.getModel(), new ImageSize(input.getWidth(), input.getHeight()));
        Image scaled = scale(input, size);
        NDArray pixels = scaled.toNDArray(ctx.getNDManager(), Image.Flag.COLOR);
        return new NDList(pixels.transpose(2, 0, 1).toType(DataType.FLOAT32, false).div(255f));
    }

    /** {@inheritDoc} */
    @Override
    public CategoryMask processOutput(TranslatorContext ctx, NDList list) {
        NDArray classes = list.singletonOrThrow().argMax(0);
        Shape shape = (Shape) ctx.getAttachment("shape");
        int height = (int) shape.get(0);
        int width = (int) shape.get(1);
        int from = (int) classes.getShape().get(0);
        int across = (int) classes.getShape().get(1);
        long[] predicted = classes.toLongArray();
        int[][] mask = new int[height][width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                // The pixel in whose place the centre of this one is.
                int row = (2 * y + 1) * from / (2 * height);
                mask[y][x] = (int) predicted[row * across + (2 * x + 1) * across / (2 * width)];
            }
        }
        return new CategoryMask(CLASSES, mask);
    }

    /** As images are scaled for training. */
    private static Image scale(Image image, ImageSize size) {
        BufferedImage picture = (BufferedImage) image.getWrappedImage();
        return ImageFactory.getInstance()
                .fromImage(Scene.scale(picture, size.width(), size.height()));
    }
}
