package io.github.freqreg.execution;

import static io.github.freqreg.execution.FusedNetwork.INPUT;
import static io.github.freqreg.execution.FusedNetwork.convolution;
import static io.github.freqreg.execution.FusedNetwork.network;
import static io.github.freqreg.execution.FusedNetwork.wrapped;
import static io.github.freqreg.execution.StrategyComparison.assertAlike;
import static io.github.freqreg.execution.StrategyComparison.assertClose;
import static io.github.freqreg.execution.StrategyComparison.doubles;
import static io.github.freqreg.execution.StrategyComparison.kept;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Seeds;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fused convolutions compute the same as separate blocks, in whatever sequence they run. */
class FusionTest {

    /** Rounding in float32, relative to the largest value, as in StrategyComparison. */
    private static final float CLOSE = 1e-4f;

    private static void assertEqualsRebuilt(Block block, NDManager manager, NDArray input) {
        List<NDArray> fused =
                new ArrayList<>(TestModels.predict(block, manager, new NDList(input)));
        FrequencyBlocks.setStrategy(block, Strategy.REBUILD);
        List<NDArray> rebuilt =
                new ArrayList<>(TestModels.predict(block, manager, new NDList(input)));
        FrequencyBlocks.setStrategy(block, Strategy.FUSED);
        assertEquals(rebuilt.size(), fused.size());
        for (int i = 0; i < fused.size(); i++) {
            float largest = rebuilt.get(i).abs().max().getFloat();
            float error = rebuilt.get(i).sub(fused.get(i)).abs().max().getFloat();
            assertTrue(error <= CLOSE * largest, i + ": " + error + " of " + largest);
        }
    }

    /** The report shows that the blocks were fused before intermediate outputs were requested. */
    @Test
    void intermediateOutputsCanBeRead() {
        SequentialBlock network = network();
        Block block = wrapped(network);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDArray input = manager.randomNormal(INPUT);
            assertEqualsRebuilt(block, manager, input);
            TestModels.predict(block, manager, new NDList(input));
            List<Pick> picks =
                    ExecutionReport.of(block).getRows().stream().map(LayerPick::pick).toList();
            assertEquals(List.of("fused", "fused", "factored"), text(picks));
            network.setReturnIntermediate(true);
            assertEqualsRebuilt(block, manager, input);
        }
    }

    private static List<String> text(List<Pick> picks) {
        return picks.stream().map(Pick::toString).toList();
    }

    @Test
    void editedSequenceComputesItsCurrentBlocks() {
        SequentialBlock network = network();
        Block block = wrapped(network);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDArray input = manager.randomNormal(INPUT);
            // Removes the ReLU that was fused with the second convolution.
            network.removeLastBlock();
            network.removeLastBlock();
            assertEqualsRebuilt(network, manager, input);
            assertTrue(
                    TestModels.predict(network, manager, new NDList(input)).head().min().getFloat()
                            < 0);
            network.add(Pool.maxPool2dBlock(new Shape(2, 2)));
            assertEqualsRebuilt(network, manager, input);
            // The same blocks in another sequence and in another order.
            SequentialBlock other = new SequentialBlock();
            other.addAll(network.getChildren().values().subList(0, 3));
            other.add(network.getChildren().valueAt(2));
            other.add(network.getChildren().valueAt(1));
            assertEqualsRebuilt(other, manager, input);
            // Outside any sequence.
            Block first = network.getChildren().valueAt(0);
            assertEqualsRebuilt(first, manager, input);
        }
    }

    @Test
    void sharedReluIsFusedAtEachPlace() {
        Block relu = Activation.reluBlock();
        SequentialBlock shared =
                new SequentialBlock()
                        .add(convolution(64))
                        .add(relu)
                        .add(convolution(56))
                        .add(relu)
                        .add(relu);
        Block block = wrapped(shared);
        assertSame(block.getChildren().valueAt(1), block.getChildren().valueAt(3));
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            assertEqualsRebuilt(block, manager, manager.randomNormal(INPUT));
            Block dense = FrequencyBlocks.toDense(block);
            assertSame(relu, dense.getChildren().valueAt(1));
            assertSame(relu, dense.getChildren().valueAt(3));
            assertTrue(relu.isInitialized());
        }
    }

    @Test
    void otherFunctionNamedReluIsNotFused() {
        LambdaBlock other = new LambdaBlock(list -> list, "ReLU");
        Block block = wrapped(new SequentialBlock().add(convolution(64)).add(other));
        assertSame(other, block.getChildren().valueAt(1));
        LambdaBlock ours =
                (LambdaBlock)
                        wrapped(
                                        new SequentialBlock()
                                                .add(convolution(64))
                                                .add(Activation.reluBlock()))
                                .getChildren()
                                .valueAt(1);
        assertInstanceOf(FusedRelu.class, ours);
        assertEquals("ReLU", ours.getName());
    }

    /** Windows that overlap, that reach into the padding, and that are cut off at the border. */
    @ParameterizedTest
    @CsvSource({"2, 2, 0, false", "3, 2, 1, false", "3, 2, 0, true"})
    void maxPoolingBeforeReluGivesTheSameResult(int size, int stride, int pad, boolean ceil) {
        assertAlike(
                () ->
                        new SequentialBlock()
                                .add(StrategyComparison.convolution(24, true))
                                .add(Activation.reluBlock())
                                .add(pool(size, stride, pad, ceil))
                                .add(StrategyComparison.convolution(20, false))
                                .add(new BatchStatisticsNorm())
                                .add(Activation.reluBlock())
                                .add(pool(size, stride, pad, ceil)),
                new Shape(2, 12, 14, 11),
                () -> kept(40));
    }

    private static Block pool(int size, int stride, int pad, boolean ceil) {
        return Pool.maxPool2dBlock(
                new Shape(size, size), new Shape(stride, stride), new Shape(pad, pad), ceil);
    }

    /** In training, the ReLU of all channels is never computed. */
    @Test
    void maxPoolingComputesTheReluOfWhatItKeeps() {
        SequentialBlock network =
                new SequentialBlock()
                        .add(convolution(64))
                        .add(Activation.reluBlock())
                        .add(Pool.maxPool2dBlock(new Shape(2, 2)));
        Block block = wrapped(network);
        assertInstanceOf(FusedMaxPool.class, pick(block, 2));
        ParameterStore store = new ParameterStore();
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDList rectified = new NDList(manager.randomNormal(INPUT));
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                for (int i = 0; i < 2; i++) {
                    rectified = pick(block, i).forward(store, rectified, true);
                }
                NDArray pooled = pick(block, 2).forward(store, rectified, true).head();
                collector.backward(pooled.sum());
                assertTrue(pooled.min().getFloat() >= 0);
            }
            assertFalse(((Unexpanded) rectified).isComputed());
        }
    }

    @Test
    void windowsAreThoseOfThePooling() {
        assertEquals(
                Optional.of(new PoolingWindows(new Shape(2, 2))), windows(pool(2, 2, 0, false)));
        assertEquals(Optional.empty(), windows(pool(2, 2, 0, true)));
        assertEquals(Optional.empty(), windows(pool(3, 2, 1, false)));
    }

    private static Optional<PoolingWindows> windows(Block pool) {
        return assertInstanceOf(FusedMaxPool.class, FusedMaxPool.of(pool)).getWindows();
    }

    @Test
    void maxPoolingOverAnyNumberOfAxesIsFused() {
        for (Block pool :
                List.of(
                        Pool.maxPool1dBlock(new Shape(2)),
                        Pool.maxPool2dBlock(new Shape(2, 2)),
                        Pool.maxPool3dBlock(new Shape(2, 2, 2)))) {
            assertSame(
                    pool,
                    assertInstanceOf(FusedMaxPool.class, FusedMaxPool.of(pool)).getOriginal());
        }
    }

    /** At its first place, nothing can be fused with it. */
    @Test
    void sharedMaxPoolingIsFusedAtEachPlace() {
        Block pool = Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2));
        Supplier<Block> shared =
                () ->
                        new SequentialBlock()
                                .add(StrategyComparison.convolution(24, true))
                                .add(pool)
                                .add(StrategyComparison.convolution(20, true))
                                .add(Activation.reluBlock())
                                .add(pool);
        Shape input = new Shape(2, 12, 14, 11);
        assertAlike(shared, input, () -> kept(40));
        Block block = kept(40).build().apply(shared.get());
        assertInstanceOf(FusedMaxPool.class, pick(block, 4));
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, input);
            Block dense = FrequencyBlocks.toDense(block);
            assertSame(pool, pick(dense, 1));
            assertSame(pool, pick(dense, 4));
        }
    }

    @Test
    void otherFunctionNamedMaxPoolIsNotFused() {
        for (LambdaBlock other :
                List.of(
                        new LambdaBlock(list -> list, "maxPool2d"),
                        LambdaBlock.singleton(NDArray::neg, "maxPool2d"))) {
            Block block =
                    wrapped(
                            new SequentialBlock()
                                    .add(convolution(64))
                                    .add(Activation.reluBlock())
                                    .add(other));
            assertSame(other, pick(block, 2));
        }
    }

    /** A block that changes the output in place must not be skipped. */
    @Test
    void outputChangedInPlaceIsNotFused() {
        SequentialBlock network = network();
        Block block = wrapped(network);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            for (int next : new int[] {1, 2, 3}) {
                SequentialBlock other =
                        new SequentialBlock()
                                .add(block.getChildren().valueAt(0))
                                .add(
                                        new LambdaBlock(
                                                list -> {
                                                    list.head().muli(-3);
                                                    return list;
                                                }))
                                .add(new SequentialBlock().add(pick(block, next)));
                assertEqualsRebuilt(other, manager, manager.randomNormal(INPUT));
            }
        }
    }

    private static Block pick(Block block, int index) {
        return block.getChildren().valueAt(index);
    }

    /** Convolutions with batch statistics, ReLU or both, one of them transposed. */
    private static SequentialBlock sequence(boolean bias) {
        return new SequentialBlock()
                .add(StrategyComparison.convolution(24, bias))
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(StrategyComparison.convolution(20, bias))
                .add(Activation.reluBlock())
                .add(StrategyComparison.convolution(16, bias))
                .add(new BatchStatisticsNorm(0.1f))
                .add(
                        TransposedConv2d.builder()
                                .setFilters(18)
                                .setKernelShape(new Shape(2, 2))
                                .optStride(new Shape(2, 2))
                                .optBias(bias)
                                .build())
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
    }

    /** Images smaller and larger than a tile, and several per tile. */
    @ParameterizedTest
    @CsvSource({"1, 6, 7", "5, 6, 7", "1, 123, 101", "5, 61, 50"})
    void fusedSequenceGivesTheSameResult(int batch, int height, int width) {
        Shape input = new Shape(batch, 12, height, width);
        for (boolean bias : new boolean[] {true, false}) {
            assertAlike(() -> sequence(bias), input, () -> kept(40));
        }
    }

    @Test
    void fusionIsInvisibleInTheNetwork() {
        SequentialBlock plain = sequence(true);
        List<String> keys = plain.getChildren().keys();
        List<String> names = plain.getParameters().keys();
        List<Block> blocks = plain.getChildren().values();
        Shape input = new Shape(2, 12, 6, 6);
        Block block = TestModels.policy(30).apply(plain);
        Seeds.engine(7);
        assertEquals(keys, block.getChildren().keys());
        assertEquals(names, block.getParameters().keys());
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, input);
            NDList image = new NDList(manager.randomNormal(input));
            double[] expected =
                    doubles(TestModels.predict(block, manager, image).singletonOrThrow());
            Block dense = FrequencyBlocks.toDense(block);
            assertEquals(keys, dense.getChildren().keys());
            assertEquals(blocks, dense.getChildren().values());
            assertTrue(dense.isInitialized());
            assertClose(
                    expected,
                    doubles(TestModels.predict(dense, manager, image).singletonOrThrow()),
                    "dense");
        }
    }
}
