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
 * Tells an object from its background, and measures how well, by the Dice coefficient.
 *
 * <p>The methods are safe for concurrent use, also with one model.
 */
public final class Segmentation {

    private Segmentation() {}

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

    /** The pixels of class 1, row by row. */
    static boolean[] foreground(CategoryMask predicted) {
        int[][] mask = predicted.getMask();
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
     * @return 0 to 1; 1 where both are empty
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
