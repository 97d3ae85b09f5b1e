package io.github.freqreg.examples.tasks;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.ImageSize;
import java.util.Optional;

/**
 * The size to which an image is scaled before a network segments it.
 *
 * <ul>
 *   <li>{@link #TRAINED}: the size of the training images, which is the network's input shape. If
 *       that is a square, images are scaled to this square, because training images were. Otherwise
 *       an image is scaled up or down to the largest size within it that keeps the aspect ratio.
 *       Mean Dice coefficients of the published UNet on 8 photographs support this rule: for
 *       photographs of half and a quarter of the training size, scaling up gives 0.955 instead of
 *       0.951, and 0.866 instead of 0.848. For square and portrait crops around the whole object,
 *       it gives 0.950 and 0.891; scaling to the number of pixels of training images gives 0.945
 *       and 0.890, and scaling squares to the aspect ratio of training images 0.935.
 *   <li>{@link #OWN}: the image's own size.
 *   <li>{@link #to}: a given size.
 * </ul>
 */
@FunctionalInterface
public interface InputScale {

    /** Scales to the size of the training images. */
    InputScale TRAINED =
            (model, image) -> trained(model).map(trained -> trained(trained, image)).orElse(image);

    /** Does not scale. */
    InputScale OWN = (model, image) -> image;

    /** Scales to a size, each side 1 or more. */
    static InputScale to(ImageSize size) {
        return (model, image) -> size;
    }

    /**
     * Returns the size to which an image is scaled.
     *
     * @param model the network, initialised
     * @param image the image's size
     * @return the size, each side 1 or more
     */
    ImageSize of(Model model, ImageSize image);

    /** Returns the size of the training images; empty if the input shape has no fixed size. */
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
