package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.INPUT;
import static io.github.freqreg.block.WrappedNetwork.KEPT;
import static io.github.freqreg.block.WrappedNetwork.answer;
import static io.github.freqreg.block.WrappedNetwork.network;
import static io.github.freqreg.block.WrappedNetwork.policy;
import static io.github.freqreg.block.WrappedNetwork.step;
import static io.github.freqreg.block.WrappedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Parameters, gradients, shapes and freezing of a wrapped layer, as DJL sees them. */
class FrequencyBlockTest {

    @Test
    void parametersAreKeptCoefficientsAndUnwrappedTensors() {
        try (Model plain = TestModels.model(network(), INPUT);
                Model model = wrapped()) {
            for (Pair<String, Parameter> entry : plain.getBlock().getParameters()) {
                Parameter parameter = model.getBlock().getParameters().get(entry.getKey());
                Shape shape =
                        entry.getKey().endsWith("weight")
                                ? new Shape(KEPT)
                                : entry.getValue().getShape();
                assertEquals(shape, parameter.getShape(), entry.getKey());
                assertEquals(shape, parameter.getArray().getShape(), entry.getKey());
                assertEquals(
                        entry.getValue().requiresGradient(),
                        parameter.requiresGradient(),
                        entry.getKey());
            }
        }
    }

    @Test
    void gradientsReachTheKeptCoefficients() {
        try (Model model = wrapped();
                Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f));
                GradientCollector collector = trainer.newGradientCollector()) {
            NDArray input = TestModels.random(trainer.getManager(), INPUT);
            collector.backward(TestModels.loss(trainer.forward(new NDList(input))));
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                Parameter weight = block.getParameters().get("weight");
                assertEquals(new Shape(KEPT), weight.getArray().getGradient().getShape());
                assertTrue(TestModels.gradient(weight) > 0);
            }
        }
    }

    @Test
    void frozenCoefficientsDoNotTrain() {
        try (Model model = wrapped()) {
            FrequencyBlocks.in(model.getBlock()).get(0).freezeParameters(true);
            float[][] before = coefficients(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            float[][] after = coefficients(model);
            assertArrayEquals(before[0], after[0]);
            assertFalse(Arrays.equals(before[1], after[1]));
            FrequencyBlocks.in(model.getBlock()).get(0).freezeParameters(false);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertFalse(Arrays.equals(after[0], coefficients(model)[0]));
        }
    }

    @Test
    void layerFrozenBeforeWrappingStaysFrozen() {
        try (Model model = TestModels.model(network(), INPUT)) {
            model.getBlock().getChildren().get(0).getValue().freezeParameters(true);
            policy(KEPT).apply(model);
            float[][] before = coefficients(model);
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                step(trainer);
            }
            assertArrayEquals(before[0], coefficients(model)[0]);
            // A frozen tensor needs no gradient.
            Parameter weight = model.getBlock().getParameters().get("01Conv2d_weight");
            assertFalse(weight.getArray().hasGradient());
            FrequencyBlocks.toDense(model);
            assertFalse(model.getBlock().getParameters().get("01Conv2d_weight").requiresGradient());
            assertTrue(model.getBlock().getParameters().get("03Conv2d_weight").requiresGradient());
        }
    }

    private static float[][] coefficients(Model model) {
        return FrequencyBlocks.in(model.getBlock()).stream()
                .map(block -> FrequencyBlocks.tensors(block).get("weight").coefficients().clone())
                .toArray(float[][]::new);
    }

    @Test
    void float64ModelComputesInFloat64() {
        try (Model plain = TestModels.model(network(), DataType.FLOAT64, INPUT);
                Model model = TestModels.model(network(), DataType.FLOAT64, INPUT);
                NDManager manager = NDManager.newBaseManager()) {
            TestModels.everything().apply(model);
            NDArray input = TestModels.random(manager, INPUT).toType(DataType.FLOAT64, false);
            NDList actual = TestModels.predict(model.getBlock(), manager, new NDList(input));
            assertEquals(DataType.FLOAT64, actual.singletonOrThrow().getDataType());
            TestModels.assertClose(
                    TestModels.predict(plain.getBlock(), manager, new NDList(input)),
                    actual,
                    1e-13);
            for (Model each : List.of(plain, model)) {
                descend(each, manager, input);
            }
            FrequencyBlocks.toDense(model);
            TestModels.assertSameParameters(plain.getBlock(), model.getBlock(), 1e-12);
        }
    }

    /** One step of gradient descent without DJL's trainer, which does not support float64. */
    private static void descend(Model model, NDManager manager, NDArray input) {
        Optimizer optimizer = TestModels.descent(0.1f);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            ParameterStore store = new ParameterStore(manager, false);
            collector.backward(
                    TestModels.loss(model.getBlock().forward(store, new NDList(input), true)));
        }
        for (Parameter parameter : model.getBlock().getParameters().values()) {
            if (parameter.requiresGradient()) {
                NDArray array = parameter.getArray();
                optimizer.update(parameter.getId(), array, array.getGradient());
            }
        }
    }

    @Test
    void trainerInitialisesAFreshNetwork() {
        try (Model model = Model.newInstance("test")) {
            model.setBlock(policy(KEPT).apply(network()));
            assertFalse(model.getBlock().isInitialized());
            try (Trainer trainer = TestModels.trainer(model, TestModels.descent(0.1f))) {
                trainer.initialize(INPUT);
                step(trainer);
            }
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
        }
    }

    @Test
    void clearedNetworkCanBeInitialisedAgain() {
        try (Model model = wrapped()) {
            model.getBlock().clear();
            assertFalse(model.getBlock().isInitialized());
            TestModels.initialize(model.getBlock(), model.getNDManager(), DataType.FLOAT32, INPUT);
            for (FrequencyBlock block : FrequencyBlocks.in(model.getBlock())) {
                assertEquals(Map.of("weight", KEPT), FrequencyBlocks.kept(block));
            }
            assertEquals(2 * 5, answer(model).length);
        }
    }

    @Test
    void hasTheShapesOfTheWrappedBlock() {
        Shape input = new Shape(2, 3, 8, 8);
        try (Model plain = TestModels.model(TestModels.convolution(4), input);
                Model model = TestModels.model(TestModels.convolution(4), input)) {
            policy(KEPT).apply(model);
            Block block = model.getBlock();
            assertArrayEquals(new Shape[] {input}, block.getInputShapes());
            assertArrayEquals(
                    plain.getBlock().getOutputShapes(new Shape[] {input}),
                    block.getOutputShapes(new Shape[] {input}));
            assertEquals(plain.getBlock().describeInput().toMap(), block.describeInput().toMap());
        }
    }

    @Test
    void optimisersTreatCoefficientsLikeAnyParameter() {
        // Compares learning rate, weight decay and clipping with the same optimiser on an array.
        Shape input = new Shape(2, 4);
        try (Model model = TestModels.model(TestModels.linear(3), input)) {
            policy(5).apply(model);
            NDArray coefficients = model.getBlock().getParameters().get("weight").getArray();
            NDArray bare = coefficients.duplicate();
            try (Trainer trainer = TestModels.trainer(model, clippedAdam())) {
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDArray data = TestModels.random(trainer.getManager(), input);
                    collector.backward(TestModels.loss(trainer.forward(new NDList(data))));
                }
                clippedAdam().update("bare", bare, coefficients.getGradient());
                trainer.step();
            }
            assertArrayEquals(bare.toFloatArray(), coefficients.toFloatArray());
        }
    }

    private static Optimizer clippedAdam() {
        return Optimizer.adam()
                .optLearningRateTracker(Tracker.fixed(0.1f))
                .optWeightDecays(0.2f)
                .optClipGrad(1e-3f)
                .build();
    }

    @Test
    void unfreezingCanLeaveRunningStatisticsFrozen() {
        SequentialBlock block =
                new SequentialBlock()
                        .add(TestModels.convolution(4))
                        .add(BatchNorm.builder().build())
                        .add(Blocks.batchFlattenBlock())
                        .add(TestModels.linear(5));
        try (Model model = TestModels.model(policy(9).apply(block), INPUT)) {
            Block wrapped = model.getBlock();
            wrapped.freezeParameters(true);
            wrapped.freezeParameters(
                    false,
                    parameter ->
                            parameter.getType() != Parameter.Type.RUNNING_MEAN
                                    && parameter.getType() != Parameter.Type.RUNNING_VAR);
            for (Parameter parameter : wrapped.getParameters().values()) {
                boolean statistic = parameter.getName().startsWith("running");
                assertEquals(!statistic, parameter.requiresGradient(), parameter.getName());
            }
            NDArray image = TestModels.random(model.getNDManager(), INPUT);
            ParameterStore store = new ParameterStore(model.getNDManager(), false);
            assertEquals(
                    new Shape(2, 5),
                    wrapped.forward(store, new NDList(image), true).head().getShape());
            // Without the predicate DJL unfreezes running statistics, in plain networks too.
            wrapped.freezeParameters(false);
            assertTrue(wrapped.getParameters().get("02BatchNorm_runningMean").requiresGradient());
        }
    }
}
