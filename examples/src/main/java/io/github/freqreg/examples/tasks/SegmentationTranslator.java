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
 * Translates an image of any size to the classes of its pixels, for a network such as {@link UNet}.
 *
 * <p>The network's input is (1, 3, height, width), red, green and blue from 0 to 1; its output is a
 * score for each class, (1, classes, height, width). Images are scaled first, and masks are scaled
 * back. Safe for concurrent use.
 */
public final class SegmentationTranslator implements Translator<Image, CategoryMask> {

    private static final List<String> CLASSES = List.of("background", "object");

    private final InputScale scale;

    /**
     * Creates a translator that scales images to the size of the network's training images, see
     * {@link InputScale#TRAINED}.
     */
    public SegmentationTranslator() {
        this(InputScale.TRAINED);
    }

    /**
     * Creates a translator that scales images to a square.
     *
     * @param size the side of the square in pixels; 0 for no scaling, which takes memory
     *     proportional to the pixels
     */
    public SegmentationTranslator(int size) {
        this(size == 0 ? InputScale.OWN : InputScale.to(new ImageSize(size, size)));
    }

    /** Creates a translator that scales images by a rule. */
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
                // The pixel of the scaled mask that contains the centre of this pixel.
                int row = (2 * y + 1) * from / (2 * height);
                mask[y][x] = (int) predicted[row * across + (2 * x + 1) * across / (2 * width)];
            }
        }
        return new CategoryMask(CLASSES, mask);
    }

    /** Scales like {@link Scene}, from which the network learned. */
    private static Image scale(Image image, ImageSize size) {
        BufferedImage picture = (BufferedImage) image.getWrappedImage();
        return ImageFactory.getInstance()
                .fromImage(Scene.scale(picture, size.width(), size.height()));
    }
}
