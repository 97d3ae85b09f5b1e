package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many rounds balance a start. */
class BalancedStartTest {

    private static final BalancedStart FOUND = new BalancedStart(OptionalInt.empty());

    /** The numbers of coefficients in a layer of LeNet-5, AlexNet, VGG, and extremes. */
    @ParameterizedTest
    @CsvSource({"1, 1", "33, 1", "79, 2", "140, 3", "199, 4", "1800, 10", "1000000, 10"})
    void roundsGrowWithTheFrequencies(long start, int rounds) {
        assertEquals(rounds, FOUND.rounds(LayerType.CONVOLUTION, start, 8));
    }

    @Test
    void shallowNetworksAndTablesAreNotBalanced() {
        assertEquals(0, FOUND.rounds(LayerType.LINEAR, 140, 2));
        assertEquals(3, FOUND.rounds(LayerType.LINEAR, 140, 3));
        assertEquals(0, FOUND.rounds(LayerType.EMBEDDING, 140, 8));
    }

    @Test
    void setRoundsHoldForAll() {
        BalancedStart set = new BalancedStart(OptionalInt.of(7));
        assertEquals(7, set.rounds(LayerType.EMBEDDING, 1, 1));
    }
}
