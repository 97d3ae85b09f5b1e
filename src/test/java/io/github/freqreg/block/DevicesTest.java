package io.github.freqreg.block;

import static io.github.freqreg.block.WrappedNetwork.policy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.LocalParameterServer;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import io.github.freqreg.TestModels;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.policy.FrequencyRegularization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Training on several devices, each with copies of the parameters.
 *
 * <p>DJL has a single CPU device, so these tests perform the steps of its trainer themselves: a
 * {@link Mirror} stands for a device.
 */
class DevicesTest {

    private static final int STEPS = 3;
    private static final float RATE = 0.01f;

    /** If this fails, DJL's own trainer can be tested with two CPU devices, and should be. */
    @Test
    void djlHasASingleCpuDevice() {
        Device second = Device.of(Device.Type.CPU, 1);
        assertSame(Device.cpu(), second);
        try (Model model = TestModels.model(TestModels.linear(2), new Shape(1, 3))) {
            DefaultTrainingConfig both =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {Device.cpu(), second});
            assertEquals(
                    "Duplicated devices are not allowed.",
                    assertThrows(IllegalArgumentException.class, () -> model.newTrainer(both))
                            .getMessage());
        }
    }

    /** The copies of the parameters on one device, as in a trainer's parameter store. */
    private static final class Mirror extends ParameterStore {

        private final Map<Parameter, NDArray> copies = new IdentityHashMap<>();

        Mirror(NDManager manager, Block block) {
            super(manager, false);
            for (Parameter parameter : block.getParameters().values()) {
                NDArray copy = parameter.getArray().stopGradient().duplicate();
                copy.attach(manager);
                copy.setRequiresGradient(parameter.requiresGradient());
                copies.put(parameter, copy);
            }
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            return copies.get(parameter);
        }
    }

    /**
     * Like {@code EasyTrain.trainBatch} with part of the batch on each device: forward and backward
     * passes run on two threads, then gradients are summed and every copy is updated.
     */
    @ParameterizedTest
    @EnumSource(Strategy.class)
    void stepOnTwoDevicesEqualsStepOnOne(Strategy strategy) throws Exception {
        try (Model one = model(strategy);
                Model two = model(strategy);
                Trainer trainer = TestModels.trainer(one, TestModels.descent(RATE))) {
            float[] before = coefficients(two.getBlock());
            Block block = two.getBlock();
            NDManager manager = two.getNDManager();
            List<Mirror> mirrors = List.of(new Mirror(manager, block), new Mirror(manager, block));
            for (int step = 0; step < STEPS; step++) {
                trainOnOne(trainer);
                trainOnBoth(block, mirrors);
            }
            assertFalse(Arrays.equals(before, coefficients(one.getBlock())), "one has trained");
            assertArrayEquals(before, coefficients(block), "a copy was trained, not the model");
            List<Parameter> trained = one.getBlock().getParameters().values();
            List<Parameter> copied = block.getParameters().values();
            for (int i = 0; i < trained.size(); i++) {
                for (Mirror mirror : mirrors) {
                    NDArray copy = mirror.copies.get(copied.get(i));
                    double apart = TestModels.difference(trained.get(i).getArray(), copy);
                    assertTrue(apart <= TestModels.CLOSE, "parameter " + i + ": " + apart);
                }
            }
            NDList input = new NDList(part(manager, 0));
            NDList expected = trainer.evaluate(new NDList(part(trainer.getManager(), 0)));
            for (Mirror mirror : mirrors) {
                NDList told = block.forward(mirror, input, false);
                TestModels.assertClose(expected, told, TestModels.CLOSE);
            }
        }
    }

    private static Model model(Strategy strategy) {
        Model model = TestModels.model(TestModels.smoothNetwork(), TestModels.SMALL_INPUT);
        FrequencyRegularization.builder().optKept(30).optStrategy(strategy).build().apply(model);
        return model;
    }

    private static float[] coefficients(Block block) {
        NDList all = new NDList();
        for (Parameter parameter : block.getParameters().values()) {
            all.add(parameter.getArray().stopGradient());
        }
        return TestModels.floats(all);
    }

    /** The part of the batch for one device. */
    private static NDArray part(NDManager manager, int device) {
        return TestModels.random(manager, TestModels.SMALL_INPUT).mul(device == 0 ? 1 : -0.5);
    }

    private static void trainOnOne(Trainer trainer) {
        try (GradientCollector collector = trainer.newGradientCollector()) {
            for (int device = 0; device < 2; device++) {
                NDList input = new NDList(part(trainer.getManager(), device));
                collector.backward(TestModels.loss(trainer.forward(input)));
            }
        }
        trainer.step();
    }

    private static void trainOnBoth(Block block, List<Mirror> mirrors) throws Exception {
        NDManager manager = mirrors.get(0).getManager();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            List<Callable<Void>> passes = new ArrayList<>();
            for (int device = 0; device < 2; device++) {
                Mirror mirror = mirrors.get(device);
                NDArray input = part(manager, device);
                passes.add(
                        () -> {
                            NDList outputs = block.forward(mirror, new NDList(input), true);
                            collector.backward(TestModels.loss(outputs));
                            return null;
                        });
            }
            for (Future<Void> pass : threads.invokeAll(passes)) {
                pass.get();
            }
        } finally {
            threads.shutdownNow();
        }
        ParameterServer server = new LocalParameterServer(TestModels.descent(RATE));
        for (Parameter parameter : block.getParameters().values()) {
            NDArray[] copies =
                    mirrors.stream()
                            .map(mirror -> mirror.copies.get(parameter))
                            .toArray(NDArray[]::new);
            server.update(parameter.getId(), copies);
        }
    }

    /** Also within one pass, since a block may move its outputs to another device. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void eachDeviceGetsItsOwnWeights(boolean training) {
        Device[] devices = {Device.cpu(), Device.gpu(0)};
        try (Model model = model(Strategy.REBUILD);
                NDManager manager = model.getNDManager().newSubManager()) {
            SpectralParameter tensor =
                    FrequencyBlocks.in(model.getBlock())
                            .get(0)
                            .getSpectralParameters()
                            .iterator()
                            .next();
            NDArray first = tensor.copyPrefix();
            NDArray second = first.mul(2);
            ParameterStore byDevice =
                    new ParameterStore(manager, false) {
                        @Override
                        public NDArray getValue(Parameter asked, Device device, boolean flag) {
                            return device.equals(devices[0]) ? first : second;
                        }
                    };
            RebuildingParameterStore store =
                    new RebuildingParameterStore(
                            byDevice,
                            manager,
                            training,
                            Strategy.AUTO,
                            Map.of(tensor.getDense(), tensor));
            NDArray[] weights = new NDArray[2];
            for (int i = 0; i < 2; i++) {
                NDArray asked = store.getValue(tensor.getDense(), devices[i], true);
                // The second request returns the cached weight.
                assertSame(asked, store.getValue(tensor.getDense(), devices[i], true));
                weights[i] = asked.duplicate();
            }
            assertEquals(0, TestModels.difference(weights[0].mul(2), weights[1]), 1e-6);
        }
    }

    @Test
    void modelOnTheCpuTrainsOnAGpu() {
        assumeTrue(Engine.getInstance().getGpuCount() > 0, "needs a GPU, and there is none");
        Shape input = new Shape(2, 4);
        try (Model model = Model.newInstance("cpu", Device.cpu())) {
            model.setBlock(TestModels.linear(3));
            policy(5).apply(model);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optDevices(new Device[] {Device.gpu(0)});
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(input);
                NDArray data = TestModels.random(trainer.getManager(), input);
                TestModels.step(trainer, new NDList(data.toDevice(Device.gpu(0), false)));
            }
            NDArray data = TestModels.random(model.getNDManager(), input);
            NDList answer =
                    TestModels.predict(model.getBlock(), model.getNDManager(), new NDList(data));
            assertEquals(new Shape(2, 3), answer.head().getShape());
        }
    }
}
