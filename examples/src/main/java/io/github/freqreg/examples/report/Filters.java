package io.github.freqreg.examples.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.data.Sheet;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Draws the filters of the first layer: its rebuilt weights, as small images. */
final class Filters {

    static final String ID = "filters";

    private static final String TITLE = "Filters of the first layer";

    /** The largest number of filters that are drawn. */
    private static final int MOST = 100;

    private static final int MOST_SIDE = 64;
    private static final int COLUMNS = 10;

    /** The approximate side of a drawn filter in pixels. */
    private static final int DRAWN_SIDE = 140;

    private static final int GAP = 10;

    /** The largest number of weights that are rebuilt; an axis has at most its square root. */
    private static final long MOST_ELEMENTS = 1 << 24;

    private static final int COLOURS = 3;

    private Filters() {}

    /** Draws the first tensor whose weights can be shown as images. */
    static Figure of(Contents contents) {
        if (!contents.document().isNamed()) {
            return missing("The file has no shapes, so which tensor holds filters is not known.");
        }
        int first = first(contents.entries());
        if (first < 0) {
            return missing(
                    "No tensor holds filters: none belongs to a convolution, and the axes of the"
                            + " first weight are not split into rows and columns.");
        }
        FrqEntry tensor = contents.entries().get(first);
        String name = contents.label(first);
        Shape shape = shape(tensor);
        int axes = shape.dimension();
        int height = extent(shape, axes - 2);
        int width = extent(shape, axes - 1);
        long most = Arrays.stream(shape.getShape()).max().orElse(0);
        if (Math.max(height, width) > MOST_SIDE
                || most * most > MOST_ELEMENTS
                || shape.size() > MOST_ELEMENTS) {
            return missing(
                    String.format(
                            Locale.ROOT,
                            "%s of shape %s is too large to be drawn: at most %,d elements, filters"
                                    + " of at most %d×%d.",
                            name,
                            shape,
                            MOST_ELEMENTS,
                            MOST_SIDE,
                            MOST_SIDE));
        }
        int count = extent(shape, 0);
        int drawn = Math.min(count, MOST);
        int channels = axes == 4 ? extent(shape, 1) : 1;
        int bands = channels == COLOURS ? COLOURS : 1;
        String caption =
                String.format(
                        Locale.ROOT,
                        "%s, rebuilt from %,d numbers: %s, %d×%d weights each%s."
                                + " Middle gray is zero; all share one scale.",
                        name,
                        tensor.values().length,
                        drawn < count ? "the first " + drawn + " of " + count : "all " + count,
                        height,
                        width,
                        bands == COLOURS
                                ? ", the three input channels as red, green and blue"
                                : channels > 1 ? ", the first of " + channels + " channels" : "");
        return new Figure(
                ID,
                TITLE,
                caption,
                theme -> {
                    float[][] pixels = pixels(tensor, drawn, channels, bands, height * width);
                    int zoom = Math.max(1, DRAWN_SIDE / Math.max(height, width));
                    int columns = Math.min(drawn, COLUMNS);
                    return Sheet.of(pixels, height, width, zoom, columns, GAP, theme.background());
                });
    }

    private static Figure missing(String reason) {
        return Figure.missing(ID, TITLE, reason);
    }

    /**
     * Returns the index of the first two-dimensional convolution, or of the first layer if it is a
     * linear one whose axes are split into rows and columns, or -1.
     */
    private static int first(List<FrqEntry> tensors) {
        boolean begun = false;
        for (int i = 0; i < tensors.size(); i++) {
            FrqEntry tensor = tensors.get(i);
            Shape own = tensor.shape();
            Shape seen = shape(tensor);
            boolean split = !seen.equals(own);
            boolean convolution = own.dimension() == 4 && !split;
            boolean units = !begun && split && seen.dimension() == 3 && seen.get(0) == own.get(0);
            if ((convolution || units) && own.size() > 0) {
                return i;
            }
            begun |= own.dimension() > 1;
        }
        return -1;
    }

    private static Shape shape(FrqEntry tensor) {
        return tensor.spectral() ? tensor.axes().shape(tensor.shape()) : tensor.shape();
    }

    /** Returns the extent of an axis, clipped; larger tensors are rejected before it is used. */
    private static int extent(Shape shape, int axis) {
        return (int) Math.min(shape.get(axis), Integer.MAX_VALUE);
    }

    /** Returns the pixels of the filters: one band for gray or three for colours; zero is 0.5. */
    private static float[][] pixels(FrqEntry tensor, int drawn, int channels, int bands, int area) {
        float[] weights = weights(tensor);
        float[][] pixels = new float[bands][drawn * area];
        float most = Float.MIN_NORMAL;
        for (int band = 0; band < bands; band++) {
            for (int filter = 0; filter < drawn; filter++) {
                int from = (filter * channels + band) * area;
                System.arraycopy(weights, from, pixels[band], filter * area, area);
            }
            for (float weight : pixels[band]) {
                most = Math.max(most, Math.abs(weight));
            }
        }
        for (float[] band : pixels) {
            for (int i = 0; i < band.length; i++) {
                band[i] = 0.5f + 0.5f * (band[i] / most);
            }
        }
        return pixels;
    }

    private static float[] weights(FrqEntry tensor) {
        if (!tensor.spectral()) {
            return tensor.values();
        }
        FrequencyTensor coefficients =
                new FrequencyTensor(tensor.axes(), tensor.shape(), tensor.values());
        try (NDManager manager = NDManager.newBaseManager();
                NDArray rebuilt = coefficients.rebuild(manager)) {
            return rebuilt.toFloatArray();
        }
    }
}
