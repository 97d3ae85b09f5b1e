package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.Seeds;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The optimisers equal DJL's at each update, and truncation preserves the kept moments. */
@UsesEngine
class ResumableOptimizerTest {

    private static final Shape INPUT = new Shape(4, 8);

    private final NDManager manager;

    ResumableOptimizerTest(NDManager manager) {
        this.manager = manager;
    }

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
        assertSameWalk(theirs, builder.build());
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 0.9f})
    void isDjlsGradientDescentStepByStep(float momentum) {
        Optimizer theirs =
                Optimizer.sgd()
                        .setLearningRateTracker(RATE)
                        .optMomentum(momentum)
                        .optWeightDecays(0.01f)
                        .setRescaleGrad(0.5f)
                        .optClipGrad(0.7f)
                        .build();
        Sgd.Builder builder = Sgd.builder().optLearningRateTracker(RATE).optMomentum(momentum);
        builder.optWeightDecays(0.01f);
        builder.setRescaleGrad(0.5f);
        builder.optClipGrad(0.7f);
        assertSameWalk(theirs, builder.build());
    }

    private void assertSameWalk(Optimizer theirs, ResumableOptimizer ours) {
        try (ours) {
            int begin = ours.getUpdates();
            List<float[]> expected = walk(theirs);
            List<float[]> found = walk(ours);
            assertEquals(expected.size(), found.size());
            for (int i = 0; i < expected.size(); i++) {
                assertArrayEquals(expected.get(i), found.get(i), "step " + i);
            }
            assertEquals(begin + 20, ours.getUpdates());
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {-0.1f, 1f, Float.NaN})
    void refusesAMomentumOutOfRange(float momentum) {
        Sgd.Builder builder = Sgd.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.optMomentum(momentum));
    }

    /** Compacting does not change how the kept coefficients train. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void momentsFollowATruncation(boolean descent) {
        float[][] walks = new float[2][];
        for (int i = 0; i < 2; i++) {
            boolean compacts = i == 1;
            try (Model model = model();
                    ResumableOptimizer optimizer =
                            descent
                                    ? Sgd.builder().optMomentum(0.9f).build()
                                    : Adam.builder().build()) {
                steps(model, optimizer);
                FrequencyBlocks.truncate(model.getBlock(), 0.5);
                if (compacts) {
                    optimizer.compact(model.getBlock());
                }
                steps(model, optimizer);
                FrequencyBlocks.compact(model.getBlock());
                walks[i] = model.getBlock().getParameters().valueAt(0).getArray().toFloatArray();
            }
        }
        assertArrayEquals(walks[0], walks[1], 1e-7f);
    }

    private static Model model() {
        Model model = TestModels.model(TestModels.linear(6), INPUT);
        FrequencyRegularization.builder().optKept(30).build().apply(model);
        return model;
    }

    private void steps(Model model, Optimizer optimizer) {
        try (Trainer trainer = TestModels.trainer(model, optimizer)) {
            trainer.initialize(INPUT);
            for (int i = 0; i < 3; i++) {
                TestModels.step(trainer, new NDList(TestModels.random(manager, INPUT)));
            }
        }
    }

    /** Updates two parameters for twenty steps, the first of them only from step 7 on. */
    private List<float[]> walk(Optimizer optimizer) {
        List<float[]> steps = new ArrayList<>();
        Seeds.engine(1);
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
        return steps;
    }

    @Test
    void refusesALearningRateThatIsNoNumber() {
        try (Adam adam = Adam.builder().optLearningRateTracker((id, t) -> Float.NaN).build()) {
            NDArray weight = manager.ones(new Shape(2));
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class, () -> adam.update("w", weight, weight));
            assertEquals("The learning rate of update 1 must be finite but is NaN", e.getMessage());
        }
    }
}
