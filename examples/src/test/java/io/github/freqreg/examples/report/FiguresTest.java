package io.github.freqreg.examples.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.format.SizedDocument;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.ZigzagOrder;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the data behind the charts: folded spectra, scales, filters. */
class FiguresTest {

    @TempDir private Path folder;

    /** Compares with a folding computed from the zigzag order's list of frequencies. */
    @Test
    void foldingTakesTheLargestMagnitudeOfEachOutputAndInput() {
        Shape shape = new Shape(7, 5, 3, 3);
        float[] values = values(60);
        FoldedSpectrum folded =
                FoldedSpectrum.of(tensor("02Conv2d_weight", shape, FrequencyAxes.OWN, values));
        float[] expected = new float[folded.rows() * folded.columns()];
        Arrays.fill(expected, Float.NaN);
        int[][] frequencies = ZigzagOrder.of(shape).first(values.length);
        for (int i = 0; i < values.length; i++) {
            int cell = frequencies[i][0] * folded.columns() + frequencies[i][1];
            float magnitude = Math.abs(values[i]);
            expected[cell] =
                    Float.isNaN(expected[cell]) ? magnitude : Math.max(expected[cell], magnitude);
        }
        assertTrue(Float.isNaN(expected[expected.length - 1]), "a corner is not kept");
        assertEquals(Arrays.toString(expected), Arrays.toString(folded.cells()));
        assertEquals("frequency along outputs, of 7", folded.rowLabel().orElseThrow());
        assertEquals("frequency along inputs, of 5", folded.columnLabel());
        assertEquals(
                "each cell shows the largest magnitude over the frequencies along kernel rows, kernel"
                        + " columns",
                folded.folding());
    }

    @Test
    void axesOfKnownLayersHaveNames() {
        FoldedSpectrum transposed =
                FoldedSpectrum.of(
                        tensor(
                                "01TransposedConv2d_weight",
                                new Shape(4, 3, 2, 2),
                                FrequencyAxes.OWN,
                                values(9)));
        assertEquals("frequency along inputs, of 4", transposed.rowLabel().orElseThrow());
        FoldedSpectrum split =
                FoldedSpectrum.of(
                        tensor(
                                "06Linear_weight",
                                new Shape(4, 12),
                                new FrequencyAxes(new Shape(4, 3, 2, 2), List.of()),
                                values(9)));
        assertEquals("frequency along axis 2, of 3", split.columnLabel());
        // An axis of one input has no frequencies to draw.
        FoldedSpectrum single =
                FoldedSpectrum.of(
                        tensor(
                                "01Conv2d_weight",
                                new Shape(4, 1, 3, 3),
                                FrequencyAxes.OWN,
                                values(9)));
        assertEquals("frequency along kernel rows, of 3", single.columnLabel());
        FoldedSpectrum vector =
                FoldedSpectrum.of(
                        tensor("01Conv2d_bias", new Shape(9), FrequencyAxes.OWN, values(4)));
        assertTrue(vector.isStrip());
        assertTrue(vector.rowLabel().isEmpty());
        assertEquals(4, vector.columns());
    }

    @Test
    void manyFrequenciesShareCells() {
        float[] values = values(1_000);
        FoldedSpectrum folded =
                FoldedSpectrum.of(tensor("b", new Shape(1_000), FrequencyAxes.OWN, values));
        assertEquals(8, folded.columnStep());
        assertEquals(125, folded.columns());
        float largest = 0;
        for (int i = 8; i < 16; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        assertEquals(largest, folded.cells()[1]);
        assertTrue(folded.describe(1_000).contains("1×8 neighbouring frequencies share a cell"));
    }

    @Test
    void scalesReachFromTheSmallestToTheLargest() {
        Magnitudes scale = Magnitudes.of(new float[] {0, -0.02f, Float.NaN, 5});
        assertEquals(Math.log10(0.02), scale.low(), 1e-6);
        assertEquals(Math.log10(5), scale.high(), 1e-6);
        assertEquals(0, scale.place(0));
        assertEquals(1, scale.place(5), 1e-6);
        assertEquals(0.5, scale.place(Math.sqrt(0.02 * 5)), 1e-6);
        assertEquals(new Magnitudes(-2, 1), scale.wholeDecades());
        // Much smaller magnitudes are below the scale.
        Magnitudes wide = Magnitudes.of(new float[] {1e-20f, 1}).wholeDecades();
        assertTrue(wide.isBelow(1e-20) && !wide.isBelow(1), wide.toString());
        float[] values = new float[100];
        for (int i = 0; i < values.length; i++) {
            values[i] = i + 1;
        }
        values[0] = 1e-4f;
        assertEquals(Math.log10(3), Magnitudes.withoutLeast(values, 0.02).low(), 1e-6);
        assertEquals("0.012", Magnitudes.label(Math.log10(0.012)));
        assertEquals("1.2E-5", Magnitudes.label(Math.log10(1.2e-5)));
    }

    @Test
    void filtersAreGrayWithZeroInTheMiddle() throws Exception {
        FrqEntry weight =
                new FrqEntry(
                        "01Conv2d_weight",
                        new Shape(2, 1, 1, 2),
                        null,
                        Precision.FLOAT32,
                        new float[] {2, -2, 0, 1});
        Figure figure = filters(weight);
        assertTrue(figure.caption().contains("all 2, 1×2 weights each"), figure.caption());
        BufferedImage sheet = figure.drawing().orElseThrow().apply(Theme.LIGHT);
        int[] grays = new int[4];
        for (int i = 0; i < grays.length; i++) {
            // 70 pixels per weight, with a gap around each pair.
            int x = 10 + i / 2 * 150 + i % 2 * 70 + 35;
            grays[i] = sheet.getRaster().getSample(x, 45, 0);
        }
        assertEquals("[255, 0, 128, 191]", Arrays.toString(grays));
        assertEquals(255, sheet.getRaster().getSample(3, 3, 0), "the ground is white");
    }

    @Test
    void filtersOfThreeInputsAreRebuiltInColour() throws Exception {
        // Only the lowest frequency: all weights are equal, so all pixels are white.
        FrqEntry weight =
                tensor(
                        "01Conv2d_weight",
                        new Shape(120, 3, 2, 2),
                        FrequencyAxes.OWN,
                        new float[] {3});
        Figure figure = filters(weight);
        assertTrue(figure.caption().contains("the first 100 of 120"), figure.caption());
        BufferedImage sheet = figure.drawing().orElseThrow().apply(Theme.DARK);
        assertEquals(3, sheet.getRaster().getNumBands());
        assertEquals(0xffffffff, sheet.getRGB(50, 50));
        assertEquals(Theme.DARK.background().getRGB(), sheet.getRGB(3, 3));
    }

    @Test
    void unitsOfAFirstLinearLayerWithSplitAxesAreFilters() throws Exception {
        FrequencyAxes split = new FrequencyAxes(new Shape(5, 4, 4), List.of());
        FrqEntry units = tensor("01Linear_weight", new Shape(5, 16), split, values(20));
        assertTrue(filters(units).drawing().isPresent());
        // After another layer, they are not filters of the first layer.
        FrqEntry before = tensor("00x", new Shape(2, 2), FrequencyAxes.OWN, values(4));
        Figure later = filters(before, units);
        assertFalse(later.drawing().isPresent());
        assertTrue(later.caption().startsWith("No tensor holds filters"), later.caption());
    }

    private Figure filters(FrqEntry... tensors) throws Exception {
        Path file = folder.resolve("f.frq");
        new FrqDocument(List.of(), List.of(tensors)).write(file);
        return Filters.of(
                Contents.of(
                        file, SizedDocument.read(file), Optional.of(CompressionReport.of(file))));
    }

    private static FrqEntry tensor(String name, Shape shape, FrequencyAxes axes, float[] values) {
        return new FrqEntry(name, shape, axes, Precision.FLOAT32, values);
    }

    private static float[] values(int count) {
        Random random = new Random(3);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
