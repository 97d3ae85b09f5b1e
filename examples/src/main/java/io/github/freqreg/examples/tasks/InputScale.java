package io.github.freqreg.examples.tasks;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.ImageSize;
import java.util.Optional;

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
@FunctionalInterface
public interface InputScale {

    /** To the size of the images that the network was trained on. */
    InputScale TRAINED =
            (model, image) -> trained(model).map(trained -> trained(trained, image)).orElse(image);

    /** The image's own size. */
    InputScale OWN = (model, image) -> image;

    /** To a size, each side 1 or more. */
    static InputScale to(ImageSize size) {
        return (model, image) -> size;
    }

    /**
     * Returns the size at which a network sees an image.
     *
     * @param model the network, initialised
     * @param image the image's size
     * @return the size, each side 1 or more
     */
    ImageSize of(Model model, ImageSize image);

    /** The size of the images that a network was trained on, if its input is an image. */
    static Optional<ImageSize> trained(Model model) {
        Shape input = model.getBlock().getInputShapes()[0];
        boolean image = input.dimension() == 4 && input.get(2) > 0 && input.get(3) > 0;
        return image
                ? Optional.of(new ImageSize((int) input.get(3), (int) input.get(2)))
                : Optional.empty();
    }

    private static ImageSize trained(ImageSize trained, ImageSize image) {
        if (trained.width() == trained.height()) {
            return trained;
        }
        double factor =
                Math.min(
                        (double) trained.width() / image.width(),
                        (double) trained.height() / image.height());
        return new ImageSize(scaled(image.width(), factor), scaled(image.height(), factor));
    }

    private static int scaled(int side, double factor) {
        return (int) Math.max(1, Math.round(side * factor));
    }
}
