package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.block.NetworkTensors;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights are exported from and imported into networks as plain arrays. */
@UsesEngine
class DenseWeightsTest extends NamedNetwork {

    @Test
    void wrappedNetworkExportsTheWeightsOfItsDenseForm() {
        Block block = wrapped();
        // Also with quantisation steps applied.
        NetworkTensors.spectral(block).values().forEach(tensor -> tensor.setStep(0.01f));
        Map<String, List<Byte>> before = bytes(block);
        float[] expected = TestModels.answer(block, INPUT);
        int managed = manager.getManagedArrays().size();
        NDList weights;
        try (NDManager other = NDManager.newBaseManager()) {
            weights = DenseWeights.of(block, other, UnaryOperator.identity());
            assertEquals(NAMES.size(), other.getManagedArrays().size());
            assertEquals(managed, manager.getManagedArrays().size());
            Map<String, List<Byte>> exported = bytes(weights);
            assertEquals(List.copyOf(NAMES.keySet()), List.copyOf(exported.keySet()));
            assertEquals(before, bytes(block));
            assertArrayEquals(expected, TestModels.answer(block, INPUT));
            Block dense = FrequencyBlocks.toDense(block);
            assertEquals(bytes(dense), exported);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void fileRestoresWeightsBitForBit(String name) throws Exception {
        Block block = wrapped();
        Path file = folder.resolve(name);
        ArrayFile.write(weights(block), file);
        NDList read = ArrayFile.read(manager, file);
        Block dense = FrequencyBlocks.toDense(block);
        for (Block target :
                List.of(TestModels.normalizedNetwork(), initialized(DataType.FLOAT32))) {
            DenseWeights.load(target, manager, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(dense), bytes(target));
            assertArrayEquals(TestModels.answer(dense, INPUT), TestModels.answer(target, INPUT));
        }
        try (Model model = Model.newInstance("fresh")) {
            model.setBlock(TestModels.normalizedNetwork());
            DenseWeights.load(model, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(dense), bytes(model.getBlock()));
        }
        // The result is an ordinary network that can be wrapped and trained.
        Block fresh = TestModels.normalizedNetwork();
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
    void float16WeightsStayFloat16(String name) throws Exception {
        Block block = initialized(DataType.FLOAT16);
        Path file = folder.resolve(name);
        ArrayFile.write(weights(block), file);
        NDList read = ArrayFile.read(manager, file);
        read.forEach(array -> assertEquals(DataType.FLOAT16, array.getDataType()));
        assertEquals(bytes(block), bytes(read));
        try (Model model = Model.newInstance("half")) {
            model.setDataType(DataType.FLOAT16);
            model.setBlock(TestModels.normalizedNetwork());
            DenseWeights.load(model, read, UnaryOperator.identity(), INPUT);
            assertEquals(bytes(block), bytes(model.getBlock()));
        }
        Block wide = TestModels.normalizedNetwork();
        DenseWeights.load(wide, manager, read, UnaryOperator.identity(), INPUT);
        TestModels.assertSameParameters(block, wide, 0);
        assertEquals(
                DataType.FLOAT32, wide.getParameters().get(0).getValue().getArray().getDataType());
    }

    private static Stream<FrequencyRegularizationBuilder> starts() {
        return Stream.of(
                FrequencyRegularization.builder().optSeededStart(5),
                FrequencyRegularization.builder().optIdentityStart(true));
    }

    @ParameterizedTest
    @MethodSource("starts")
    void exportedCoefficientsWouldMissTheStart(FrequencyRegularizationBuilder policy) {
        Shape input = new Shape(2, 4, 5, 5);
        Block block = policy.optKept(5).build().apply(TestModels.padded(4));
        TestModels.initialized(block, manager, input);
        Exception e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> DenseWeights.coefficientsOf(block, manager, n -> n));
        assertTrue(e.getMessage().contains("has a start"), e.getMessage());
    }

    /** Implements order and transform from the documentation alone. */
    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void weightsCanBeRebuiltFromCoefficientsInAFile(String name) throws Exception {
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
        // A stable sort keeps equal sums in lexicographic order.
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

    @Test
    void misuseIsRejectedWithARemedy() {
        IllegalStateException empty =
                assertThrows(
                        IllegalStateException.class, () -> weights(TestModels.normalizedNetwork()));
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
        Block fresh = TestModels.normalizedNetwork();
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
