package io.github.freqreg.execution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.ExecutionReport;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.policy.FrequencyRegularization;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Convolutions computed together with what follows them, in whatever sequence they are run. */
class FusionTest {

    private static final Shape INPUT = new Shape(2, 32, 41, 43);

    /** The layers differ by less than 1e-3 of the largest number in float32, see StrategyTest. */
    private static final float CLOSE = 1e-4f;

    private static Block convolution(int filters) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .build();
    }

    private static Block wrapped(SequentialBlock network) {
        return FrequencyRegularization.builder()
                .optKept(20)
                .optStrategy(Strategy.FUSED)
                .build()
                .apply(network);
    }

    private static NDList predict(Block block, NDManager manager, NDArray input) {
        return block.forward(new ParameterStore(manager, false), new NDList(input), false);
    }

    private static void assertEqualsRebuilt(Block block, NDManager manager, NDArray input) {
        List<NDArray> fused = new ArrayList<>(predict(block, manager, input));
        FrequencyBlocks.setStrategy(block, Strategy.REBUILD);
        List<NDArray> rebuilt = new ArrayList<>(predict(block, manager, input));
        FrequencyBlocks.setStrategy(block, Strategy.FUSED);
        assertEquals(rebuilt.size(), fused.size());
        for (int i = 0; i < fused.size(); i++) {
            float largest = rebuilt.get(i).abs().max().getFloat();
            float error = rebuilt.get(i).sub(fused.get(i)).abs().max().getFloat();
            assertTrue(error <= CLOSE * largest, i + ": " + error + " of " + largest);
        }
    }

    private static SequentialBlock network() {
        return new SequentialBlock()
                .add(convolution(64))
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(convolution(56))
                .add(Activation.reluBlock())
                .add(convolution(48));
    }

    /** And does fuse: the last convolution reads what the one before has projected. */
    @Test
    void everyBlockOfASequenceCanBeRead() {
        SequentialBlock network = network();
        Block block = wrapped(network);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDArray input = manager.randomNormal(INPUT);
            assertEqualsRebuilt(block, manager, input);
            predict(block, manager, input);
            List<Pick> picks =
                    ExecutionReport.of(block).getRows().stream()
                            .map(ExecutionReport.Row::pick)
                            .toList();
            assertEquals(List.of("fused", "fused", "factored"), text(picks));
            network.setReturnIntermediate(true);
            assertEqualsRebuilt(block, manager, input);
        }
    }

    private static List<String> text(List<Pick> picks) {
        return picks.stream().map(Pick::toString).toList();
    }

    @Test
    void anEditedSequenceComputesWhatItLooksLike() {
        SequentialBlock network = network();
        Block block = wrapped(network);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDArray input = manager.randomNormal(INPUT);
            // Without the ReLU that the second convolution is fused with.
            network.removeLastBlock();
            network.removeLastBlock();
            assertEqualsRebuilt(network, manager, input);
            assertTrue(predict(network, manager, input).head().min().getFloat() < 0);
            network.add(Pool.maxPool2dBlock(new Shape(2, 2)));
            assertEqualsRebuilt(network, manager, input);
            // The same blocks in another sequence, and in another order.
            SequentialBlock other = new SequentialBlock();
            other.addAll(network.getChildren().values().subList(0, 3));
            other.add(network.getChildren().valueAt(2));
            other.add(network.getChildren().valueAt(1));
            assertEqualsRebuilt(other, manager, input);
            // In no sequence.
            Block first = network.getChildren().valueAt(0);
            assertEqualsRebuilt(first, manager, input);
        }
    }

    @Test
    void aSharedReluIsFusedAtEachPlace() {
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
    void aFunctionThatOnlyHasTheNameOfReluStays() {
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

    /** A block in between that changes the output in place is not passed over. */
    @Test
    void whatWasReadAndChangedIsNotFused() {
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

    /** What is fused frees what it was made of, and computes nothing to do so. */
    @Test
    void whatIsClosedIsFreed() {
        Block block = wrapped(network());
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, INPUT);
            try (NDManager pass = manager.newSubManager()) {
                NDList output = new NDList(pass.ones(INPUT));
                for (Block child : block.getChildren().values()) {
                    NDList next = child.forward(new ParameterStore(manager, false), output, false);
                    output.close();
                    output = next;
                }
                // Nothing but the network's own output, which is whole.
                assertEquals(1, pass.getManagedArrays().size());
                assertEquals(48, output.head().getShape().get(1));
            }
            NDList waiting =
                    block.getChildren()
                            .valueAt(0)
                            .forward(
                                    new ParameterStore(manager, false),
                                    new NDList(manager.ones(INPUT)),
                                    false);
            waiting.close();
            assertThrows(IllegalStateException.class, waiting::head);
        }
    }

    /** Each method of a list answers as that of an ordinary list of the same array does. */
    @TestFactory
    Stream<DynamicTest> anOutputThatWaitsIsAnOrdinaryList() {
        return Stream.of(NDList.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getDeclaringClass() != Object.class)
                // Of Java 21; a view, which calls the list's other methods.
                .filter(method -> !method.getName().equals("reversed"))
                .filter(method -> !method.getName().equals("close"))
                .filter(method -> !List.of("trimToSize", "ensureCapacity").contains(name(method)))
                .map(method -> DynamicTest.dynamicTest(method.toString(), () -> check(method)));
    }

    private static String name(Method method) {
        return method.getName();
    }

    private static void check(Method method) throws ReflectiveOperationException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block =
                    wrapped(new SequentialBlock().add(convolution(64)).add(Activation.reluBlock()));
            block.initialize(manager, DataType.FLOAT32, INPUT);
            NDList waiting = predict(block, manager, manager.ones(INPUT));
            assertInstanceOf(Unexpanded.class, waiting);
            NDList expected = new NDList(predict(block, manager, manager.ones(INPUT)));
            Object found = call(method, waiting, manager);
            Object wanted = call(method, expected, manager);
            assertEquals(describe(wanted), describe(found));
            assertEquals(describe(expected), describe(waiting));
        }
    }

    private static Object call(Method method, NDList list, NDManager manager)
            throws ReflectiveOperationException {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = argument(method, types[i], i, manager);
        }
        return method.invoke(list, arguments);
    }

    private static Object argument(Method method, Class<?> type, int at, NDManager manager) {
        if (type == int.class) {
            return method.getName().startsWith("sub") ? at : 0;
        } else if (type == boolean.class) {
            return false;
        } else if (type == String.class) {
            return "none";
        } else if (type == NDManager.class) {
            return manager;
        } else if (type == ai.djl.Device.class) {
            return manager.getDevice();
        } else if (type == NDArray.class || type == Object.class) {
            return manager.ones(new Shape(1));
        } else if (type == Object[].class) {
            return new NDArray[0];
        } else if (type == NDList.class || Collection.class.isAssignableFrom(type)) {
            return new NDList(manager.ones(new Shape(1)));
        } else if (type == NDList.Encoding.class) {
            return NDList.Encoding.ND_LIST;
        } else if (type == java.io.OutputStream.class) {
            return new java.io.ByteArrayOutputStream();
        } else if (type == java.util.Comparator.class) {
            return java.util.Comparator.comparingLong((NDArray array) -> array.size());
        } else if (type == java.util.function.Predicate.class) {
            return (java.util.function.Predicate<NDArray>) array -> true;
        } else if (type == java.util.function.UnaryOperator.class) {
            return java.util.function.UnaryOperator.<NDArray>identity();
        } else if (type == java.util.function.Consumer.class) {
            return (java.util.function.Consumer<NDArray>) NDArray::getShape;
        } else if (type == java.util.function.IntFunction.class) {
            return (java.util.function.IntFunction<NDArray[]>) NDArray[]::new;
        }
        throw new IllegalStateException("No argument for a " + type + " of " + method);
    }

    /** What can be compared of a result: arrays by their elements. */
    private static Object describe(Object value) {
        if (value instanceof NDArray array) {
            return array.isReleased() ? "released" : List.of(array.getShape(), hash(array));
        } else if (value instanceof Stream<?> stream) {
            return stream.map(FusionTest::describe).toList();
        } else if (value instanceof java.util.Iterator<?> iterator) {
            List<Object> all = new ArrayList<>();
            iterator.forEachRemaining(each -> all.add(describe(each)));
            return all;
        } else if (value instanceof java.util.Spliterator<?> spliterator) {
            List<Object> all = new ArrayList<>();
            spliterator.forEachRemaining(each -> all.add(describe(each)));
            return all;
        } else if (value instanceof Collection<?> list) {
            return Stream.of(list.toArray()).map(FusionTest::describe).toList();
        } else if (value instanceof Object[] array) {
            return Stream.of(array).map(FusionTest::describe).toList();
        } else if (value instanceof byte[] bytes) {
            return bytes.length;
        } else if (value instanceof java.nio.ByteBuffer buffer) {
            return buffer.remaining();
        } else if (value instanceof String || value instanceof Integer) {
            // Identity hashes and generated names of arrays differ from array to array.
            return value.getClass();
        }
        return value;
    }

    private static int hash(NDArray array) {
        return java.util.Arrays.hashCode(array.toFloatArray());
    }
}
