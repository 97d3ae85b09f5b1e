package io.github.freqreg.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The axes of embedding tables. */
class FrequencyAxesTest {

    private static void assertAxes(Shape table, Shape split, Integer... weights) {
        assertEquals(
                new FrequencyAxes(split, List.of(weights)),
                FrequencyAxes.ofTable(table),
                "" + table);
    }

    @Test
    void wordsAreSplitIntoFactorsAndWeighATenthOfTheirHighestSum() {
        assertAxes(new Shape(10_000, 64), new Shape(16, 25, 25, 64), 1, 1, 1, 6);
        assertAxes(new Shape(2_000, 32), new Shape(5, 16, 25, 32), 1, 1, 1, 4);
        assertAxes(new Shape(32_768, 8), new Shape(8, 16, 16, 16, 8), 1, 1, 1, 1, 5);
        assertAxes(new Shape(60, 8), null, 1, 5);
        // BERT's: 2 · 3 · 5087.
        assertAxes(new Shape(30_522, 768), new Shape(2, 3, 5_087, 768), 1, 1, 1, 64);
        assertAxes(new Shape(2_003, 32), null, 1, 64);
    }

    @Test
    void aSplitIntoNoAxesIsNone() {
        assertEquals(FrequencyAxes.OWN, new FrequencyAxes(new Shape(), List.of()));
    }

    @Test
    void whatCannotBeSplitHasItsOwnAxes() {
        for (Shape shape :
                List.of(
                        new Shape(8_209, 16), // a prime
                        new Shape(1, 16),
                        new Shape(16, 1),
                        new Shape(100),
                        new Shape(10, 10, 10))) {
            assertEquals(FrequencyAxes.OWN, FrequencyAxes.ofTable(shape), "" + shape);
        }
    }

    /** Four coefficients per word keep every frequency of the words; a plain low-pass cuts most. */
    @ParameterizedTest
    @ValueSource(longs = {1_000, 2_000, 10_000, 32_000, 50_000})
    void allFrequenciesOfTheWordsAreKept(long words) {
        Shape table = new Shape(words, 64);
        FrequencyAxes axes = FrequencyAxes.ofTable(table);
        Shape box = axes.mask(table, 4 * words).getBox();
        Shape split = axes.shape(table);
        int dimensions = split.dimension() - 1;
        assertEquals(split.slice(0, dimensions), box.slice(0, dimensions));
        assertTrue(box.get(dimensions) < 64, "box " + box);
        long plain = FrequencyAxes.OWN.mask(table, 4 * words).getBox().get(0);
        assertTrue(plain < words / 4, plain + " of " + words);
    }

    /** No table may need more shells than a weighted order has. */
    @ParameterizedTest
    @ValueSource(longs = {8, 1_024, 1_100, 4_096, 40_000})
    void everyCoefficientHasAPlace(long dimensions) {
        for (long words : new long[] {64, 8_191}) {
            Shape table = new Shape(words, dimensions);
            FrequencyAxes axes = FrequencyAxes.ofTable(table);
            assertEquals(axes.shape(table), axes.mask(table, table.size()).getBox());
        }
    }
}
