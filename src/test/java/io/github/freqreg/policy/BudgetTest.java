package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.freqreg.format.FrqDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits of a budget, and what numbers cost in it. */
class BudgetTest {

    /** So many coefficients that few of them can be kept. */
    private static final long MANY = 1L << 50;

    private static Budget numbers(long amount) {
        return new Budget(amount, Budget.Unit.NUMBERS);
    }

    private static Budget bytes(long amount) {
        return new Budget(amount, Budget.Unit.BYTES);
    }

    /** The packages must not depend on each other, so each has the limit. */
    @Test
    void theLargestBudgetIsTheLargestFile() {
        assertEquals(FrqDocument.MAX_BYTES, Budget.MAX_BYTES);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 0, (1L << 30) + 1})
    void bytesOutOfRangeAreRejected(long amount) {
        assertContains(
                assertThrows(IllegalArgumentException.class, () -> bytes(amount)),
                "1 to 1073741824 bytes",
                "" + amount);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 0})
    void fewerThanOneNumberIsRejected(long amount) {
        assertContains(
                assertThrows(IllegalArgumentException.class, () -> numbers(amount)),
                "numbers must be 1 or more",
                "" + amount);
    }

    @Test
    void limitsThemselvesAreAccepted() {
        assertEquals(1, numbers(1).amount());
        assertEquals((1L << 30) + 1, numbers((1L << 30) + 1).amount());
        assertEquals(1, bytes(1).amount());
        assertEquals(1L << 30, bytes(1L << 30).amount());
    }

    @Test
    void coefficientCostsOneNumberOrFourBits() {
        assertEquals(100, numbers(100).coefficientsBeside(0, MANY, MANY));
        assertEquals(200, bytes(100).coefficientsBeside(0, MANY, MANY));
    }

    @Test
    void numberLeftAloneCostsOneNumberOrTwoBytes() {
        assertEquals(100 - 30, numbers(100).coefficientsBeside(30, MANY, MANY));
        assertEquals(2 * (100 - 2 * 30), bytes(100).coefficientsBeside(30, MANY, MANY));
        assertEquals(0, bytes(60).coefficientsBeside(30, MANY, MANY));
    }

    /**
     * Few of many coefficients have four bits each; if there are two bits for each, all are kept.
     */
    @Test
    void coefficientsHaveFewerBitsWhereManyAreKept() {
        assertEquals(200, bytes(100).coefficientsBeside(0, 800, 800));
        long some = bytes(100).coefficientsBeside(0, 600, 600);
        assertTrue(200 < some && some < 400, "" + some);
        assertEquals(400, bytes(100).coefficientsBeside(0, 400, 400));
        assertEquals(200, bytes(100).coefficientsBeside(0, 100, 100));
        assertEquals(100, numbers(100).coefficientsBeside(0, 100, 100));
    }

    /** Coefficients of a table cost half as much. */
    @Test
    void coefficientsOfATableCountInFull() {
        assertEquals(200, bytes(100).coefficientsBeside(0, 800, 400));
        assertEquals(200, bytes(100).coefficientsBeside(0, 400, 200));
    }

    /** The error of a budget that is too small says how much is missing. */
    @Test
    void roomIsNegativeIfNumbersLeftAloneExceedTheBudget() {
        assertEquals(-1, numbers(29).coefficientsBeside(30, MANY, MANY));
        assertEquals(-2, bytes(59).coefficientsBeside(30, MANY, MANY));
    }

    @ParameterizedTest
    @EnumSource
    void enoughIsTheSmallestBudgetWithRoom(Budget.Unit unit) {
        for (long leftAlone : new long[] {0, 1, 7, 300_000_000}) {
            for (long coefficients = 1; coefficients < 10; coefficients++) {
                long least = 1;
                long most = Budget.MAX_BYTES;
                while (least < most) {
                    long middle = (least + most) / 2;
                    if (new Budget(middle, unit).coefficientsBeside(leftAlone, MANY, MANY)
                            >= coefficients) {
                        most = middle;
                    } else {
                        least = middle + 1;
                    }
                }
                assertEquals(least, new Budget(1, unit).enough(leftAlone, coefficients));
            }
        }
    }

    @Test
    void aCoefficientTakesANumberOrHalfAByte() {
        assertEquals(1.0 / 8, numbers(80).part(10));
        assertEquals(1.0 / 8, bytes(80).part(20));
    }

    @ParameterizedTest
    @EnumSource
    void onlyTablesAreStoredDenserAndOnlyInBytes(LayerType layer) {
        assertEquals(1, numbers(1).density(layer));
        assertEquals(layer == LayerType.EMBEDDING ? 2 : 1, bytes(1).density(layer));
    }
}
