package io.github.freqreg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.training.BufferRetention;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** Networks, inputs, training steps and comparisons that tests share. */
public final class TestModels {

    /** The tolerance for float32 results, relative to the largest value. */
    public static final double CLOSE = 1e-5;

    /** The input of the small network. */
    public static final Shape SMALL_INPUT = new Shape(2, 3, 8, 8);

    private static final int SEED = 17;

    private TestModels() {}

    /** A policy that keeps all coefficients of the weights and biases of all layers. */
    public static FrequencyRegularization everything() {
        return FrequencyRegularization.builder()
                .paper()
                .optKeepRate(1)
                .optLayerTypes(LayerType.values())
                .optParameterTypes(Parameter.Type.WEIGHT, Parameter.Type.BIAS)
                .build();
    }

    /** A policy that keeps a number of coefficients of each weight. */
    public static FrequencyRegularization policy(int kept) {
        return FrequencyRegularization.builder().paper().optKept(kept).build();
    }

    /** Two convolutions and a linear layer, for inputs of {@link #SMALL_INPUT}. */
    public static SequentialBlock smallNetwork() {
        return smallNetwork(Activation::reluBlock);
    }

    /** The same with tanh instead of ReLU, so that rounding cannot change gradients abruptly. */
    public static SequentialBlock smoothNetwork() {
        return smallNetwork(Activation::tanhBlock);
    }

    private static SequentialBlock smallNetwork(Supplier<Block> activation) {
        return new SequentialBlock()
                .add(convolution(4))
                .add(activation.get())
                .add(convolution(6))
                .add(activation.get())
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(5).build());
    }

    /**
     * A network with every kind of parameter: weights, biases, normalisation and its statistics.
     */
    public static SequentialBlock normalizedNetwork() {
        return new SequentialBlock()
                .add(convolution(4))
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(Blocks.batchFlattenBlock())
                .add(linear(5));
    }

    /** A linear layer of 6 units in two places of a sequence. */
    public static SequentialBlock oneLayerTwice() {
        Linear layer = linear(6);
        return new SequentialBlock().add(layer).add(Activation.tanhBlock()).add(layer);
    }

    /** A 3×3 convolution. */
    public static Conv2d convolution(int filters) {
        return Conv2d.builder().setFilters(filters).setKernelShape(new Shape(3, 3)).build();
    }

    /** A 3×3 convolution whose outputs have the size of its inputs. */
    public static Conv2d padded(int filters) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .build();
    }

    /** A linear layer. */
    public static Linear linear(int units) {
        return Linear.builder().setUnits(units).build();
    }

    /** A model of a block that is initialised with the same numbers each time. */
    public static Model model(Block block, Shape... inputs) {
        return model(block, DataType.FLOAT32, inputs);
    }

    /** A model of a data type with a block that is initialised with the same numbers. */
    public static Model model(Block block, DataType type, Shape... inputs) {
        Model model = Model.newInstance("test");
        model.setDataType(type);
        initialize(block, model.getNDManager(), type, inputs);
        model.setBlock(block);
        return model;
    }

    /** Initialises a block with the same numbers each time; no parameter is all zero. */
    public static void initialize(Block block, NDManager manager, DataType type, Shape... inputs) {
        block.setInitializer(new NormalInitializer(0.1f), Parameter.Type.BIAS);
        block.setInitializer(new NormalInitializer(0.1f), Parameter.Type.BETA);
        // DJL's default initialiser fails for scalars.
        block.setInitializer(new ConstantInitializer(0.25f), p -> "alpha".equals(p.getName()));
        seed();
        block.initialize(manager, type, inputs);
    }

    /** Initialises a block with the same numbers each time and returns it. */
    public static <B extends Block> B initialized(B block, NDManager manager, Shape... inputs) {
        initialize(block, manager, DataType.FLOAT32, inputs);
        return block;
    }

    /** Loads a file into a fresh block. */
    public static Model loaded(Block fresh, Path file) throws IOException, MalformedModelException {
        Model model = Model.newInstance("loaded");
        model.setBlock(fresh);
        FrequencyFile.load(model, file);
        return model;
    }

    /** Seeds the engine, so that initialisers and dropout repeat their random numbers. */
    public static void seed() {
        Seeds.engine(SEED);
    }

    /** Normally distributed numbers, the same for every call with a shape. */
    public static NDArray random(NDManager manager, Shape shape) {
        Random random = new Random(Seeds.of(SEED));
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return manager.create(values, shape);
    }

    /** The outputs of a block at inference. */
    public static NDList predict(Block block, NDManager manager, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false);
    }

    /** The outputs of a block at inference for a {@link #random} input, as plain numbers. */
    public static float[] answer(Block block, Shape input) {
        try (NDManager manager = NDManager.newBaseManager()) {
            return floats(predict(block, manager, new NDList(random(manager, input))));
        }
    }

    /** The elements of each parameter by name, in order; empty if it is not initialised. */
    public static Map<String, List<Float>> numbers(Block block) {
        Map<String, List<Float>> numbers = new LinkedHashMap<>();
        for (Pair<String, Parameter> entry : block.getParameters()) {
            List<Float> values = new ArrayList<>();
            if (entry.getValue().isInitialized()) {
                try (NDArray detached = entry.getValue().getArray().stopGradient()) {
                    for (float value : detached.toFloatArray()) {
                        values.add(value);
                    }
                }
            }
            numbers.put(entry.getKey(), values);
        }
        return numbers;
    }

    /** A trainer with an optimiser, for data with labels or for {@link #step}. */
    public static Trainer trainer(Model model, Optimizer optimizer, TrainingListener... listeners) {
        return model.newTrainer(
                new DefaultTrainingConfig(Loss.l2Loss())
                        .optOptimizer(optimizer)
                        .optDevices(new Device[] {Device.cpu()})
                        .addTrainingListeners(new BufferRetention())
                        .addTrainingListeners(listeners));
    }

    /** Plain gradient descent. */
    public static Optimizer descent(float rate) {
        return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(rate)).build();
    }

    /** One step of training on given inputs, without labels. */
    public static void step(Trainer trainer, NDList inputs) {
        seed();
        try (GradientCollector collector = trainer.newGradientCollector()) {
            collector.backward(loss(trainer.forward(inputs)));
        }
        trainer.step();
    }

    /** A loss with a different gradient for each element of the outputs. */
    public static NDArray loss(NDList outputs) {
        NDArray loss = null;
        for (NDArray output : outputs) {
            NDManager manager = output.getManager();
            // The graph contains no number that would have to be retained for other threads.
            NDArray pattern =
                    manager.arange(output.size())
                            .toType(output.getDataType(), false)
                            .cos()
                            .div(Math.sqrt((double) output.size()));
            NDArray term = output.flatten().mul(pattern).sum();
            loss = loss == null ? term : loss.add(term);
        }
        return loss;
    }

    /** The largest difference relative to the largest expected value. */
    public static double difference(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        try (NDManager scratch = NDManager.newBaseManager()) {
            NDArray want = copy(scratch, expected);
            NDArray have = copy(scratch, actual);
            double largest = want.abs().max().getDouble();
            double apart = want.sub(have).abs().max().getDouble();
            return largest == 0 ? apart : apart / largest;
        }
    }

    private static NDArray copy(NDManager manager, NDArray array) {
        try (NDArray detached = array.stopGradient()) {
            NDArray copy = detached.toType(DataType.FLOAT64, true);
            copy.attach(manager);
            return copy;
        }
    }

    /** Fails unless arrays are equal in number, shape and, up to a tolerance, value. */
    public static void assertClose(NDList expected, NDList actual, double tolerance) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            double apart = difference(expected.get(i), actual.get(i));
            assertTrue(apart <= tolerance, "output " + i + " is " + apart + " apart");
        }
    }

    /** Fails unless two blocks have the same parameters, up to a tolerance. */
    public static void assertSameParameters(Block expected, Block actual, double tolerance) {
        assertEquals(expected.getParameters().keys(), actual.getParameters().keys());
        for (Pair<String, Parameter> entry : expected.getParameters()) {
            Parameter other = actual.getParameters().get(entry.getKey());
            double apart = difference(entry.getValue().getArray(), other.getArray());
            assertTrue(apart <= tolerance, entry.getKey() + " is " + apart + " apart");
        }
    }

    /** The sum of the absolute gradient of a parameter. */
    public static double gradient(Parameter parameter) {
        try (NDArray gradient = parameter.getArray().getGradient();
                NDArray sum = gradient.abs().sum().toType(DataType.FLOAT64, false)) {
            return sum.getDouble();
        }
    }

    /** Numbers of a list of arrays, copied out of any manager. */
    public static float[] floats(NDList arrays) {
        try (NDArray flat = NDArrays.concat(flat(arrays))) {
            return flat.toType(DataType.FLOAT32, false).toFloatArray();
        }
    }

    private static NDList flat(NDList arrays) {
        NDList flat = new NDList();
        arrays.forEach(array -> flat.add(array.flatten()));
        return flat;
    }
}
