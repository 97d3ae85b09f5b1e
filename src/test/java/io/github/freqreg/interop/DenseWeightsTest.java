package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DenseWeightsTest {

    private static final Shape INPUT = new Shape(2, 3, 6, 6);

    /** The network's names, and what PyTorch calls such layers; in this order. */
    private static final Map<String, String> NAMES = names();

    @TempDir private Path folder;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static Map<String, String> names() {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("01Conv2d_weight", "conv1.weight");
        names.put("01Conv2d_bias", "conv1.bias");
        names.put("02BatchNorm_gamma", "bn1.weight");
        names.put("02BatchNorm_beta", "bn1.bias");
        names.put("02BatchNorm_runningMean", "bn1.running_mean");
        names.put("02BatchNorm_runningVar", "bn1.running_var");
        names.put("05Linear_weight", "fc1.weight");
        names.put("05Linear_bias", "fc1.bias");
        return names;
    }

    private static SequentialBlock plain() {
        return new SequentialBlock()
                .add(TestModels.convolution(4))
                .add(BatchNorm.builder().build())
                .add(Activation.reluBlock())
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(5));
    }

    private Block initialized(DataType type) {
        Block block = plain();
        TestModels.initialize(block, manager, type, INPUT);
        return block;
    }

    private static FrequencyRegularization policy() {
        return FrequencyRegularization.builder()
                .optKept(11)
                .addSplit("Linear_weight", new Shape(5, 4, 4, 4))
                .addAxisWeights("Linear_weight", 1, 2, 3, 3)
                .build();
    }

    /** A wrapped network with running statistics of its own. */
    private Block wrapped() {
        Block block = policy().apply(initialized(DataType.FLOAT32));
        NDList input = new NDList(TestModels.random(manager, INPUT));
        block.forward(new ParameterStore(manager, false), input, true);
        return block;
    }

    private NDList weights(Block block) {
        return DenseWeights.of(block, manager, UnaryOperator.identity());
    }

    private float[] predict(Block block) {
        NDList input = new NDList(TestModels.random(manager, INPUT));
        return TestModels.floats(TestModels.predict(block, manager, input));
    }

    private static Map<String, List<Byte>> bytes(Block block) {
        Map<String, List<Byte>> bytes = new LinkedHashMap<>();
        for (Pair<String, Parameter> entry : block.getParameters()) {
            try (NDArray detached = entry.getValue().getArray().stopGradient()) {
                bytes.put(entry.getKey(), list(detached.toByteArray()));
            }
        }
        return bytes;
    }

    private static Map<String, List<Byte>> bytes(NDList arrays) {
        Map<String, List<Byte>> bytes = new LinkedHashMap<>();
        arrays.forEach(array -> bytes.put(array.getName(), list(array.toByteArray())));
        return bytes;
    }

    private static List<Byte> list(byte[] bytes) {
        List<Byte> list = new ArrayList<>();
        for (byte each : bytes) {
            list.add(each);
        }
        return list;
    }

    @Test
    void ofAWrappedNetworkTheyAreThoseThatItWouldBeLeftWith() {
        Block block = wrapped();
        // Also where coefficients are rounded as they will be stored.
        NetworkTensors.spectral(block).values().forEach(tensor -> tensor.setStep(0.01f));
        Map<String, List<Byte>> before = bytes(block);
        float[] expected = predict(block);
        int managed = manager.getManagedArrays().size();
        NDList weights;
        try (NDManager other = NDManager.newBaseManager()) {
            weights = DenseWeights.of(block, other, UnaryOperator.identity());
            assertEquals(NAMES.size(), other.getManagedArrays().size());
            assertEquals(managed, manager.getManagedArrays().size());
            Map<String, List<Byte>> exported = bytes(weights);
            assertEquals(List.copyOf(NAMES.keySet()), List.copyOf(exported.keySet()));
            assertEquals(before, bytes(block));
            assertArrayEquals(expected, predict(block));
            Block dense = FrequencyBlocks.toDense(block);
            assertEquals(bytes(dense), exported);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void aFileBringsThemToFreshAndToOtherNetworksToTheBit(String name) throws Exception {
        Block block = wrapped();
        Path file = folder.resolve(name);
        ArrayFile.write(weights(block), file);
        NDList read = ArrayFile.read(manager, file);
        Block dense = FrequencyBlocks.toDense(block);
        for (Block target : List.of(plain(), initialized(DataType.FLOAT32))) {
            DenseWeights.load(target, manager, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(dense), bytes(target));
            assertArrayEquals(predict(dense), predict(target));
        }
        try (Model model = Model.newInstance("fresh")) {
            model.setBlock(plain());
            DenseWeights.load(model, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(dense), bytes(model.getBlock()));
        }
        // Then it is an ordinary network, to be wrapped and trained.
        Block fresh = plain();
        DenseWeights.load(fresh, manager, read, UnaryOperator.identity(), INPUT);
        for (Pair<String, Parameter> entry : fresh.getParameters()) {
            Parameter same = dense.getParameters().get(entry.getKey());
            assertEquals(same.requiresGradient(), entry.getValue().requiresGradient());
            assertEquals(
                    entry.getValue().requiresGradient(),
                    entry.getValue().getArray().hasGradient(),
                    entry.getKey());
        }
        assertEquals(2, FrequencyBlocks.in(policy().apply(fresh)).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void float16IsKept(String name) throws Exception {
        Block block = initialized(DataType.FLOAT16);
        Path file = folder.resolve(name);
        ArrayFile.write(weights(block), file);
        NDList read = ArrayFile.read(manager, file);
        read.forEach(array -> assertEquals(DataType.FLOAT16, array.getDataType()));
        assertEquals(bytes(block), bytes(read));
        try (Model model = Model.newInstance("half")) {
            model.setDataType(DataType.FLOAT16);
            model.setBlock(plain());
            DenseWeights.load(model, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(block), bytes(model.getBlock()));
        }
        Block wide = plain();
        DenseWeights.load(wide, manager, read, UnaryOperator.identity(), INPUT);
        TestModels.assertSameParameters(block, wide, 0);
        assertEquals(
                DataType.FLOAT32, wide.getParameters().get(0).getValue().getArray().getDataType());
    }

    /** From the documentation alone: the order and the transform are written out here. */
    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void theCoefficientsOfAFileGiveTheWeightsBack(String name) throws Exception {
        Block block = wrapped();
        Path file = folder.resolve(name);
        ArrayFile.write(DenseWeights.coefficientsOf(block, manager, NAMES::get), file);
        NDList kept = ArrayFile.read(manager, file);
        NDList dense = DenseWeights.of(block, manager, NAMES::get);
        assertEquals(NAMES.size() + 2 * 3, kept.size());
        for (NDArray weight : dense) {
            NDArray same = kept.get(weight.getName());
            if (same != null) {
                assertArrayEquals(weight.toByteArray(), same.toByteArray());
                continue;
            }
            NDArray coefficients = kept.get(weight.getName() + ".coefficients");
            assertEquals(11, coefficients.size());
            long[] axes = kept.get(weight.getName() + ".axes").toLongArray();
            long[] order = kept.get(weight.getName() + ".order").toLongArray();
            long[] shape = kept.get(weight.getName() + ".shape").toLongArray();
            assertArrayEquals(weight.getShape().getShape(), shape);
            assertArrayEquals(
                    weight.toFloatArray(), naive(coefficients.toFloatArray(), axes, order), 1e-6f);
        }
        assertArrayEquals(new long[] {5, 4, 4, 4}, kept.get("fc1.weight.axes").toLongArray());
        assertArrayEquals(new long[] {1, 2, 3, 3}, kept.get("fc1.weight.order").toLongArray());
        assertArrayEquals(new long[] {1, 1, 1, 1}, kept.get("conv1.weight.order").toLongArray());
    }

    private static float[] naive(float[] coefficients, long[] axes, long[] order) {
        int size = (int) Arrays.stream(axes).reduce(1, (a, b) -> a * b);
        List<int[]> places = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            places.add(place(i, axes));
        }
        List<int[]> zigzag = new ArrayList<>(places);
        // A stable sort leaves equal sums in lexicographic order.
        zigzag.sort((a, b) -> Long.compare(sum(a, order), sum(b, order)));
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            double value = 0;
            for (int k = 0; k < coefficients.length; k++) {
                double term = coefficients[k];
                for (int axis = 0; axis < axes.length; axis++) {
                    int frequency = zigzag.get(k)[axis];
                    term *=
                            Math.sqrt((frequency == 0 ? 1.0 : 2.0) / axes[axis])
                                    * Math.cos(
                                            Math.PI
                                                    * (places.get(i)[axis] + 0.5)
                                                    * frequency
                                                    / axes[axis]);
                }
                value += term;
            }
            values[i] = (float) value;
        }
        return values;
    }

    private static int[] place(int position, long[] axes) {
        int[] place = new int[axes.length];
        for (int axis = axes.length - 1; axis >= 0; axis--) {
            place[axis] = (int) (position % axes[axis]);
            position /= (int) axes[axis];
        }
        return place;
    }

    private static long sum(int[] place, long[] order) {
        return IntStream.range(0, place.length).mapToLong(i -> place[i] * order[i]).sum();
    }

    /** Weights under other names, with a count of batches between them, as PyTorch has it. */
    private NDList renamed(Block block, UnaryOperator<String> names) {
        NDList arrays = DenseWeights.of(block, manager, names);
        NDArray count = manager.create(7L);
        count.setName("bn1.num_batches_tracked");
        arrays.add(6, count);
        return arrays;
    }

    private void assertLoads(Block expected, NDList arrays, UnaryOperator<String> names)
            throws MalformedModelException {
        Block target = plain();
        DenseWeights.load(target, manager, arrays, names, INPUT);
        assertEquals(bytes(expected), bytes(target));
    }

    @Test
    void arraysAreFoundByNameOrInOrder() throws Exception {
        Block block = FrequencyBlocks.toDense(wrapped());
        NDList torch = renamed(block, NAMES::get);
        assertLoads(block, torch, NAMES::get);
        // In order.
        assertLoads(block, torch, UnaryOperator.identity());
        assertLoads(block, renamed(block, name -> "layers." + name), UnaryOperator.identity());
        // By name, in whatever order.
        Collections.reverse(torch);
        assertLoads(block, torch, NAMES::get);
        NDList ours = weights(block);
        Collections.reverse(ours);
        assertLoads(block, ours, NAMES::get);
        // Of another type.
        NDList wide = new NDList();
        for (NDArray array : weights(block)) {
            NDArray cast = array.toType(DataType.FLOAT64, true);
            cast.setName(array.getName());
            wide.add(cast);
        }
        assertLoads(block, wide, UnaryOperator.identity());
    }

    private NDArray array(String name, DataType type, long... shape) {
        NDArray array = manager.ones(new Shape(shape), type);
        array.setName(name);
        return array;
    }

    /** Refused for a fresh network and for one with numbers, both of which are as before. */
    private void assertRefused(String message, NDList arrays, UnaryOperator<String> names)
            throws MalformedModelException {
        Block fresh = plain();
        Block block = initialized(DataType.FLOAT32);
        Map<String, List<Byte>> before = bytes(block);
        int managed = manager.getManagedArrays().size();
        for (Block target : List.of(block, fresh)) {
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class,
                            () -> DenseWeights.load(target, manager, arrays, names, INPUT));
            assertTrue(e.getMessage().contains(message), e.getMessage());
        }
        assertEquals(before, bytes(block));
        assertEquals(managed, manager.getManagedArrays().size());
        assertFalse(fresh.isInitialized());
        TestModels.initialize(fresh, manager, DataType.FLOAT32, INPUT);
        assertEquals(before, bytes(fresh));
    }

    @Test
    void whatDoesNotFitIsListedAndNothingIsChanged() throws Exception {
        Block block = initialized(DataType.FLOAT32);
        NDList arrays = renamed(block, NAMES::get);
        arrays.remove("bn1.bias");
        arrays.remove("conv1.weight");
        arrays.remove("fc1.bias");
        arrays.add(array("conv1.weight", DataType.FLOAT32, 4, 3, 3, 4));
        arrays.add(array("fc1.bias", DataType.INT32, 5));
        arrays.add(array("fc2.bias", DataType.FLOAT32, 5));
        assertRefused(
                "expected the 8 arrays of the network but bn1.bias is missing; fc2.bias is unknown;"
                        + " conv1.weight, for 01Conv2d_weight, is (4, 3, 3, 4) and not (4, 3, 3,"
                        + " 3); fc1.bias, for 05Linear_bias, is int32 and not floating point",
                arrays,
                NAMES::get);

        NDList twice = renamed(block, NAMES::get);
        twice.add(array("fc1.bias", DataType.FLOAT32, 5));
        assertRefused("fc1.bias is there twice", twice, NAMES::get);

        NDList large = renamed(block, NAMES::get);
        large.remove("fc1.bias");
        NDArray values = array("fc1.bias", DataType.FLOAT64, 5).mul(1e39);
        values.setName("fc1.bias");
        large.add(values);
        assertRefused("is too large for float32", large, NAMES::get);

        NDList many = new NDList(array("01Conv2d_bias", DataType.FLOAT32, 4));
        for (int i = 0; i < 40; i++) {
            many.add(array("x" + i, DataType.FLOAT32, 1));
        }
        assertRefused("; x8 is unknown; and 31 more", many, UnaryOperator.identity());
    }

    @Test
    void whatIsInAnotherOrderIsNotTakenInOrder() throws Exception {
        Block block = initialized(DataType.FLOAT32);
        NDList arrays = renamed(block, NAMES::get);
        arrays.add(array("fc2.bias", DataType.FLOAT32, 5));
        assertRefused("but found 9, none with a name", arrays, UnaryOperator.identity());
        // Sorted by name, as safetensors are: the bias stands before the weight.
        NDList sorted = renamed(block, NAMES::get);
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        assertRefused(
                "bn1.bias is in the place of 01Conv2d_weight", sorted, UnaryOperator.identity());
        // As many elements, and other extents.
        NDList shapes = renamed(block, NAMES::get);
        shapes.set(0, array("c.weight", DataType.FLOAT32, 4, 27));
        assertRefused("is (4, 27) and not (4, 3, 3, 3)", shapes, UnaryOperator.identity());
    }

    /** Layers that are alike would fit each other's places: their numbers tell. */
    @Test
    void layersThatAreAlikeAreNotMixedUp() throws Exception {
        SequentialBlock alike = new SequentialBlock();
        NDList sorted = new NDList();
        for (int i = 0; i < 11; i++) {
            alike.add(Linear.builder().setUnits(2).optBias(false).build());
            sorted.add(array("layers." + i + ".weight", DataType.FLOAT32, 2, 2).mul(i));
            sorted.get(i).setName("layers." + i + ".weight");
        }
        Shape input = new Shape(1, 2);
        DenseWeights.load(alike, manager, sorted, UnaryOperator.identity(), input);
        assertEquals(
                10f,
                alike.getParameters().get(10).getValue().getArray().stopGradient().getFloat(0, 0));
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> DenseWeights.load(alike, manager, sorted, UnaryOperator.identity()));
        assertTrue(
                e.getMessage().contains("layers.2.weight is behind layers.10.weight"),
                e.getMessage());
    }

    @Test
    void wrongUseSaysWhatToDo() {
        IllegalStateException empty =
                assertThrows(IllegalStateException.class, () -> weights(plain()));
        assertTrue(empty.getMessage().contains("not initialised"), empty.getMessage());
        NDList weights = weights(initialized(DataType.FLOAT32));
        Block wrapped = wrapped();
        IllegalStateException spectral =
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                DenseWeights.load(
                                        wrapped, manager, weights, UnaryOperator.identity()));
        assertTrue(spectral.getMessage().contains("toDense() first"), spectral.getMessage());
        Block fresh = plain();
        for (Shape[] inputs : new Shape[][] {{}, {new Shape(1)}}) {
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    DenseWeights.load(
                                            fresh,
                                            manager,
                                            weights,
                                            UnaryOperator.identity(),
                                            inputs));
            assertTrue(e.getMessage().contains("shapes of inputs that the network takes"));
            assertFalse(fresh.isInitialized());
        }
        try (Model model = Model.newInstance("none")) {
            assertThrows(
                    IllegalStateException.class,
                    () -> DenseWeights.load(model, weights, UnaryOperator.identity()));
        }
    }
}
