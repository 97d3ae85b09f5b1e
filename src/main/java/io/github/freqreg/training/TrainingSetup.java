package io.github.freqreg.training;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;

/**
 * What all trainings of a {@link Compressor} have in common.
 *
 * @param model the model
 * @param inputs the shapes of its inputs
 * @param trainingSet the examples
 * @param loss the loss
 */
record TrainingSetup(Model model, Shape[] inputs, Dataset trainingSet, Loss loss) {

    /** Returns a configuration that trains on the device of the model. */
    DefaultTrainingConfig config(Optimizer optimizer) {
        return new DefaultTrainingConfig(loss)
                .optDevices(new ai.djl.Device[] {model.getNDManager().getDevice()})
                .optOptimizer(optimizer);
    }

    /** Creates a trainer of the initialised model. */
    Trainer newTrainer(DefaultTrainingConfig config) {
        Trainer trainer = model.newTrainer(config);
        trainer.initialize(inputs);
        return trainer;
    }
}
