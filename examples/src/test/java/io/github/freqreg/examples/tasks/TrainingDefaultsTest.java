package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The table of defaults. */
class TrainingDefaultsTest {

    @Test
    void ratesFollowTheNumbersOfLeNet() {
        TrainingDefaults lenet = Network.LENET.training();
        assertEquals(0.03f, lenet.tuning(300).learningRate());
        assertEquals(0.03f, lenet.tuning(776).learningRate());
        assertEquals(0.02f, lenet.compressed(2_298).learningRate(), 1e-7f);
        // Halfway on a logarithmic scale.
        long between = Math.round(Math.sqrt(2_298.0 * 6_200));
        assertEquals(Math.sqrt(0.02 * 0.008), lenet.tuning(between).learningRate(), 1e-5);
        assertEquals(Math.sqrt(1e-5 * 4e-6), lenet.tuning(between).rateWeight(), 1e-8);
        assertEquals(0.001f, lenet.tuning(1_000_000).learningRate());
    }

    @Test
    void aTransformerThatKeepsAllNumbersTrainsLikeADenseOne() {
        TrainingDefaults vit = Network.VIT.training();
        assertEquals(0.003f, vit.compressed(157_874).learningRate());
        assertEquals(vit.dense().learningRate(), vit.compressed(611_461).learningRate(), 1e-7f);
    }

    @Test
    void fewExamplesAreSeenMoreOften() {
        TrainingDefaults lenet = Network.LENET.training();
        assertEquals(40, lenet.epochs(54_000));
        assertEquals(40, lenet.epochs(100_000));
        assertEquals(80, lenet.epochs(6_750));
        assertEquals(10, Network.VGG.training().epochs(5));
    }

    @Test
    void everyNetworkHasBytes() {
        for (Network network : Network.values()) {
            assertTrue(network.bytes() > 0, network.title());
            assertEquals(0, network.training().tuning(9).rateWeight(), 1e-4);
        }
    }

    @Test
    void theConvolutionalNetworkKeepsMoreNumbersThanTheLibraryWould() {
        assertEquals(3_600, Network.CONVNET.numbers(1_464).orElseThrow());
        assertEquals(1_483, Network.CONVNET.numbers(603).orElseThrow());
        assertTrue(Network.VGG.numbers(603).isEmpty());
        assertEquals(7_168, Network.RESNET18.budget(5_376));
        assertEquals(1 << 30, Network.RESNET18.budget(1 << 30));
        assertEquals(4_096, Network.VGG.budget(4_096));
    }
}
