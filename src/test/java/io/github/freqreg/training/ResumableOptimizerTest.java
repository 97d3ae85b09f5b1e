package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdamTest {

    private static final Tracker RATE =
            Tracker.cosine().setBaseValue(0.1f).optFinalValue(0.01f).setMaxUpdates(20).build();

    @Test
    void isDjlsAdamStepByStep() {
        Optimizer theirs =
                Optimizer.adam()
                        .optLearningRateTracker(RATE)
                        .optBeta1(0.8f)
                        .optBeta2(0.9f)
                        .optEpsilon(1e-3f)
                        .optWeightDecays(0.01f)
                        .setRescaleGrad(0.5f)
                        .optBeginNumUpdate(3)
                        .build();
        Adam.Builder builder =
                Adam.builder()
                        .optLearningRateTracker(RATE)
                        .optBeta1(0.8f)
                        .optBeta2(0.9f)
                        .optEpsilon(1e-3f);
        builder.optWeightDecays(0.01f);
        builder.setRescaleGrad(0.5f);
        builder.optBeginNumUpdate(3);
        try (Adam ours = builder.build()) {
            List<float[]> expected = walk(theirs);
            List<float[]> found = walk(ours);
            assertEquals(expected.size(), found.size());
            for (int i = 0; i < expected.size(); i++) {
                assertArrayEquals(expected.get(i), found.get(i), "step " + i);
            }
            assertEquals(23, ours.getUpdates());
        }
    }

    /** Twenty steps of two parameters, the second of which begins later. */
    private static List<float[]> walk(Optimizer optimizer) {
        List<float[]> steps = new ArrayList<>();
        try (NDManager manager = NDManager.newBaseManager()) {
            manager.getEngine().setRandomSeed(1);
            NDArray[] weights = new NDArray[2];
            for (int i = 0; i < 2; i++) {
                weights[i] = manager.randomNormal(new Shape(4));
                weights[i].setRequiresGradient(true);
            }
            for (int step = 0; step < 20; step++) {
                for (int i = step < 7 ? 1 : 0; i < 2; i++) {
                    NDArray gradient = manager.randomNormal(new Shape(4));
                    optimizer.update("p" + i, weights[i], gradient);
                    steps.add(weights[i].toFloatArray());
                }
            }
        }
        return steps;
    }

    @Test
    void refusesALearningRateThatIsNoNumber() {
        try (NDManager manager = NDManager.newBaseManager();
                Adam adam = Adam.builder().optLearningRateTracker((id, t) -> Float.NaN).build()) {
            NDArray weight = manager.ones(new Shape(2));
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class, () -> adam.update("w", weight, weight));
            assertEquals("The learning rate of update 1 must be finite but is NaN", e.getMessage());
        }
    }
}
