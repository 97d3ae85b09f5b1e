package io.github.freqreg.examples;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;

/**
 * The rule by which an image is scaled before a network segments it.
 *
 * <ul>
 *   <li>{@link #TRAINED}: to the size of the images that the network was trained on, which is the
 *       shape of the network's input. Where these were squares, whatever the images were before, to
 *       that square. Else into that size, up or down, with the image's own ratio of width to
 *       height. Measured with the published UNet on 8 photographs, by the mean Dice coefficient:
 *       photographs of half and a quarter of the trained size gain by being scaled up (0.955
 *       instead of 0.951, 0.866 instead of 0.848); squares and portraits that hold the whole object
 *       lose less so (0.950 and 0.891) than scaled to as many pixels as in training (0.945 and
 *       0.890) or to its ratio (0.935 for squares).
 *   <li>{@link #OWN}: not at all.
 *   <li>{@link #to}: to a size that is asked for.
 * </ul>
 */
final class InputScale {

    static final InputScale TRAINED = new InputScale(null);
    static final InputScale OWN = new InputScale(new ImageSize(0, 0));

    private final ImageSize asked;

    private InputScale(ImageSize asked) {
        this.asked = asked;
    }

    /** To a size, each side 1 or more. */
    static InputScale to(ImageSize size) {
        return new InputScale(size);
    }

    /**
     * Returns the size at which a network sees an image.
     *
     * @param model the network, initialised
     * @param image the image's size
     * @return the size, each side 1 or more
     */
    ImageSize of(Model model, ImageSize image) {
        if (this == TRAINED) {
            return trained(model.getBlock().getInputShapes()[0], image);
        }
        return this == OWN ? image : asked;
    }

    /** The size of the images that a network was trained on, or null where its input is none. */
    static ImageSize trained(Model model) {
        Shape input = model.getBlock().getInputShapes()[0];
        return isImage(input) ? new ImageSize((int) input.get(3), (int) input.get(2)) : null;
    }

    private static boolean isImage(Shape input) {
        return input.dimension() == 4 && input.get(2) > 0 && input.get(3) > 0;
    }

    private static ImageSize trained(Shape input, ImageSize image) {
        if (!isImage(input)) {
            return image;
        }
        long height = input.get(2);
        long width = input.get(3);
        if (height == width) {
            return new ImageSize((int) width, (int) height);
        }
        double factor = Math.min((double) width / image.width(), (double) height / image.height());
        return new ImageSize(scaled(image.width(), factor), scaled(image.height(), factor));
    }

    private static int scaled(int side, double factor) {
        return (int) Math.max(1, Math.round(side * factor));
    }
}
