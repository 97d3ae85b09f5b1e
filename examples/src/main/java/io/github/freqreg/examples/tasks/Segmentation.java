package io.github.freqreg.examples.tasks;

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
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.data.Scene;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Segments images with a UNet and measures masks by the Dice coefficient.
 *
 * <p>The methods are safe for concurrent use, also with a shared model.
 */
public final class Segmentation {

    private Segmentation() {}

    /**
     * Segments the object in an image, scaled to the size of the network's training images.
     *
     * @param model a UNet
     * @param picture the image
     * @return whether each pixel belongs to the object, in row-major order
     * @throws DataException if the network does not accept an image of this size
     */
    public static boolean[] segment(Model model, BufferedImage picture) {
        return segment(model, InputScale.TRAINED, picture);
    }

    /**
     * Segments the object in an image, scaled by a rule; see {@link #segment(Model,
     * BufferedImage)}.
     */
    public static boolean[] segment(Model model, InputScale scale, BufferedImage picture) {
        try (Predictor<Image, CategoryMask> predictor =
                model.newPredictor(new SegmentationTranslator(scale))) {
            return foreground(predictor.predict(ImageFactory.getInstance().fromImage(picture)));
        } catch (TranslateException e) {
            Throwable reason = e.getCause() instanceof IllegalArgumentException cause ? cause : e;
            throw new DataException(
                    "The image of "
                            + picture.getWidth()
                            + "x"
                            + picture.getHeight()
                            + " pixels cannot be segmented: "
                            + reason.getMessage(),
                    e);
        }
    }

    /** Returns whether each pixel has class 1, in row-major order. */
    static boolean[] foreground(CategoryMask predicted) {
        int[][] mask = predicted.getMask();
        int width = mask[0].length;
        boolean[] foreground = new boolean[mask.length * width];
        for (int i = 0; i < foreground.length; i++) {
            foreground[i] = mask[i / width][i % width] == 1;
        }
        return foreground;
    }

    /** Returns whether class 1 has the best score at each pixel of a batch of one image. */
    static boolean[] foreground(NDArray scores) {
        long[] classes = scores.argMax(1).toLongArray();
        boolean[] foreground = new boolean[classes.length];
        for (int i = 0; i < classes.length; i++) {
            foreground[i] = classes[i] == 1;
        }
        return foreground;
    }

    /**
     * Measures the mean Dice coefficient on scenes.
     *
     * <p>Scenes are segmented one at a time, as in use, because the network normalises by the
     * statistics of a batch.
     *
     * @param block the network
     * @param manager the parent of the managers of temporary arrays
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
                sum += dice(foreground(scores), Masks.of(scene.mask()));
            }
        }
        return sum / scenes.size();
    }

    /**
     * Returns the Dice coefficient 2 |A ∩ B| / (|A| + |B|).
     *
     * @param predicted the predicted mask
     * @param right the true mask
     * @return 0 to 1; 1 if both masks are empty
     */
    public static double dice(boolean[] predicted, boolean[] right) {
        long both = 0;
        long sum = 0;
        for (int i = 0; i < predicted.length; i++) {
            both += predicted[i] && right[i] ? 1 : 0;
            sum += (predicted[i] ? 1 : 0) + (right[i] ? 1 : 0);
        }
        return sum == 0 ? 1 : 2.0 * both / sum;
    }
}
