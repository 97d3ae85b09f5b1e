package io.github.freqreg.examples;

import static ai.djl.nn.Parameter.Type.RUNNING_MEAN;
import static ai.djl.nn.Parameter.Type.RUNNING_VAR;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.TensorChoice;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.Compressed;
import io.github.freqreg.training.Compressor;
import io.github.freqreg.training.TailTruncation;
import io.github.freqreg.training.TruncationSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compiles and runs the code of the guides on compressing and training networks. */
class CompressionGuidesTest extends GuideTest {

    private static final Images.Split DIGITS = Digits.embedded().subset(1_600);

    @Test
    void wrapYourOwnModel() {
        Block block =
                new SequentialBlock()
                        .add(Linear.builder().setUnits(300).build())
                        .add(Activation.reluBlock())
                        .add(Linear.builder().setUnits(10).build());
        Shape input = new Shape(1, 784);
        // wrap-your-own-model.md
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKeepRate(0.02)
                        .optExclude("03Linear") // a regular expression for parameter names
                        .build();
        for (TensorChoice choice : policy.plan(block, input)) {
            System.out.println(choice); // layer, shape, whether it is wrapped, and why
        }
        Block wrapped = policy.apply(block, input); // use this one from now on
        // end
        wrapped.initialize(manager, DataType.FLOAT32, input);
        assertEquals(4_705 + 300 + 3_000 + 10, CompressionReport.of(wrapped).getKept());
        NDList image = new NDList(manager.ones(input));
        float[] before = forward(wrapped, image);
        // wrap-your-own-model.md
        Block plain = FrequencyBlocks.toDense(wrapped);
        // end
        assertFalse(FrequencyBlocks.isWrapped(plain));
        assertArrayEquals(before, forward(plain, image), 1e-4f);
    }

    private float[] forward(Block block, NDList image) {
        return block.forward(new ParameterStore(manager, false), image, false)
                .head()
                .toFloatArray();
    }

    @Test
    void chooseABudget() throws Exception {
        // choose-a-budget.md
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKeepRate(0.01)
                        .addOverrideKept("01Conv2d_weight", 80) // small but sensitive
                        .addSplit("06Linear_weight", new Shape(500, 50, 4, 4)) // 50 maps of 4×4
                        .addAxisWeights("03Conv2d_weight", 1, 1, 2, 2) // favours channels
                        .optBalancedStart(3) // for deep networks with few coefficients
                        .build();
        Block block = policy.apply(LeNet.build(), input);
        block.initialize(manager, DataType.FLOAT32, input);
        System.out.println(CompressionReport.of(block)); // numbers and bytes of each tensor
        // end
        assertEquals(80 + 251 + 4_001 + 256 + 580, CompressionReport.of(block).getKept());

        Path file = folder.resolve("budget.frq");
        model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
        // choose-a-budget.md
        long bytes = 3_000;
        FrequencyRegularization.builder().optBudgetBytes(bytes).build().apply(model);
        Adam adam = Adam.builder().build();
        ByteBudget budget = ByteBudget.builder(bytes).optOptimizer(adam).optFirstEpoch(2).build();
        train(model, adam, budget); // four epochs with this optimiser and listener
        FrequencyFile.save(model.getBlock(), file, budget.getQuantization());
        // end
        assertTrue(Files.size(file) <= bytes);
    }

    private static void train(Model model, Optimizer optimizer, TrainingListener... listeners)
            throws Exception {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(optimizer)
                        .addTrainingListeners(listeners);
        try (Trainer trainer = model.newTrainer(config);
                NDManager data = model.getNDManager().newSubManager()) {
            trainer.initialize(new Shape(32).addAll(LeNet.INPUT));
            EasyTrain.fit(trainer, 4, DIGITS.training().dataset(data, 32, true), null);
        }
    }

    private double accuracy(Model model) throws Exception {
        Images test = DIGITS.test();
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager data = manager.newSubManager()) {
            Example example = test.arrays(data);
            NDArray predicted = predictor.predict(example.data()).head().argMax(1);
            NDArray labels = example.labels().head().toType(predicted.getDataType(), false);
            return predicted.toDevice(labels.getDevice(), false).eq(labels).sum().getLong()
                    / (double) test.size();
        }
    }

    @Test
    void fineTuneATrainedModel() throws Exception {
        train(model, Adam.builder().build());
        Path weights = folder.resolve("weights.frq");
        FrequencyFile.save(model.getBlock(), weights);
        double before = accuracy(model);
        assertTrue(before > 0.8, "accuracy " + before);
        Path file = folder.resolve("small.frq");
        try (NDManager data = manager.newSubManager()) {
            Dataset trainingSet = DIGITS.training().dataset(data, 32, true);
            Dataset validationSet = DIGITS.validation().dataset(data, 32, false);
            // fine-tune-a-trained-model.md
            Compressed compressed =
                    Compressor.builder()
                            .setBytes(20_000)
                            .optTrainingSet(trainingSet)
                            .optValidationSet(validationSet)
                            .optEvaluator(new Accuracy()) // of the validation set
                            .optEpochs(4)
                            .build()
                            .compress(model); // a trained model with a plain network
            compressed.save(file);
            System.out.println(compressed); // the decisions, and the bytes of each tensor
            // end
        }
        assertTrue(Files.size(file) <= 20_000);
        assertEquals(before, accuracy(model), 0.05);

        model.setBlock(LeNet.build());
        FrequencyFile.load(model, weights);
        List<NDList> inputs = List.of(DIGITS.training().part(0, 200).arrays(manager).data());
        // fine-tune-a-trained-model.md
        Compressor.builder()
                .setBytes(60_000)
                .optInputs(inputs) // a few hundred unlabelled inputs, if there are any
                .build()
                .compress(model)
                .save(file);
        // end
        assertTrue(Files.size(file) <= 60_000);
        assertEquals(before, accuracy(model), 0.05);
        // fine-tune-a-trained-model.md
        SequentialBlock net = (SequentialBlock) model.getBlock();
        net.replaceLastBlock(Linear.builder().setUnits(3).build());
        FrequencyRegularization.builder().optKept(100).build().apply(model, input);
        for (Block body : net.getChildren().values().subList(0, net.getChildren().size() - 1)) {
            body.freezeParameters(true);
        }
        // … train the head …
        net.freezeParameters(
                false, each -> each.getType() != RUNNING_MEAN && each.getType() != RUNNING_VAR);
        // end
    }

    @Test
    void truncationSchedules() throws Exception {
        // truncation-schedules.md
        FrequencyRegularization.builder()
                .optStartRate(1.0) // start with all coefficients
                .optKeepRate(0.02) // end with 2%
                .build()
                .apply(model);
        TailTruncation truncation =
                TailTruncation.builder()
                        .optSchedule(TruncationSchedule.cubic(40)) // 40 cuts, large ones first
                        .optEveryBatches(1)
                        .build();
        train(model, Adam.builder().build(), truncation);
        FrequencyBlocks.compact(model.getBlock()); // after the trainer is closed
        // end
        assertEquals(
                128 + 501 + 8_001 + 256 + 580, CompressionReport.of(model.getBlock()).getKept());
    }

    @Test
    void howItWorks() {
        NDArray weight = manager.randomNormal(new Shape(12, 10, 3, 3));
        // how-it-works.md
        FrequencyTensor tensor = FrequencyTensor.of(weight, 100); // the first 100 coefficients
        NDArray rebuilt = tensor.rebuild(manager);
        NDArray lost = weight.sub(rebuilt).square().sum(); // the energy of the tail
        // end
        double kept = 0;
        for (float coefficient : tensor.coefficients()) {
            kept += coefficient * coefficient;
        }
        double all = weight.square().sum().getFloat();
        assertEquals(all, kept + lost.getFloat(), 1e-4 * all);
    }

    @Test
    void garbageCollection() throws Exception {
        DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss());
        // garbage-collection.md
        config.addTrainingListeners(new BufferRetention());
        // end
        assertEquals(1, config.getTrainingListeners().size());
        // garbage-collection.md
        BufferRetention.inThisThread(); // once, before training
        // end
        // garbage-collection.md
        NDArray x = manager.ones(new Shape(1));
        x.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray y = x.mul(2); // the graph refers to the 2 in Java's memory
            System.gc(); // frees this memory: the array of the 2 is closed
            Thread.sleep(100);
            collector.backward(y);
        }
        System.out.println(x.getGradient().getFloat()); // should be 2.0; DJL 0.36.0 prints 1.0
        // end
        assertEquals(2, x.getGradient().getFloat());
    }

    @Test
    void truncatesStepByStep() throws IOException, TranslateException {
        try (Model model = Model.newInstance("mine")) {
            Dataset trainingSet = ReadmeTest.digits(model);
            model.setBlock(ReadmeTest.net());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(Optimizer.adam().build());
            // truncation-schedules.md
            FrequencyRegularization.builder()
                    .optKeepRate(0.01) // where truncation ends
                    .optStartRate(1.0) // where it starts
                    .build()
                    .apply(model);
            config.addTrainingListeners(
                    TailTruncation.builder()
                            .optSchedule(TruncationSchedule.geometric(0.5))
                            .optEveryBatches(1)
                            .build());
            // end
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(32).addAll(LeNet.INPUT));
                EasyTrain.fit(trainer, 1, trainingSet, null);
            }
            assertEquals(5_216, CompressionReport.of(model.getBlock()).getKept());
        }
    }
}
