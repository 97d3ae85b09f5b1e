package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.Trainer;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Path;

/** A small wrapped network with weights, biases and normalisation. */
final class WrappedNetwork {

    static final int KEPT = 20;

    static final Shape INPUT = TestModels.SMALL_INPUT;

    private WrappedNetwork() {}

    static FrequencyRegularization policy(int kept) {
        return TestModels.policy(kept);
    }

    /** A network with parameters of every kind: weights, biases, normalisation. */
    static SequentialBlock network() {
        return TestModels.smallNetwork().add(BatchNorm.builder().build());
    }

    static Model wrapped() {
        Model model = TestModels.model(network(), INPUT);
        policy(KEPT).apply(model);
        return model;
    }

    /** The model's output for a fixed input. */
    static float[] answer(Model model) {
        return TestModels.answer(model.getBlock(), INPUT);
    }

    static void step(Trainer trainer) {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            TestModels.step(trainer, new NDList(TestModels.random(batch, INPUT)));
        }
    }

    /** The output of a copy loaded from disk, which cannot reuse a weight rebuilt earlier. */
    static float[] answerAfresh(Model model, Path folder)
            throws IOException, MalformedModelException {
        model.save(folder, "afresh");
        try (Model other = Model.newInstance("test")) {
            other.setBlock(policy(KEPT).apply(network()));
            other.load(folder, "afresh");
            return answer(other);
        }
    }
}
