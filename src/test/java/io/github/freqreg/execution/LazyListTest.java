package io.github.freqreg.execution;

import static io.github.freqreg.execution.FusedNetwork.INPUT;
import static io.github.freqreg.execution.FusedNetwork.convolution;
import static io.github.freqreg.execution.FusedNetwork.network;
import static io.github.freqreg.execution.FusedNetwork.wrapped;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.TestModels;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** An output that has not been expanded yet behaves like an ordinary {@code NDList}. */
class LazyListTest {

    /** Closing an output frees its factors without computing it. */
    @Test
    void closingFreesIntermediateArrays() {
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
                // Only the output of the network, which is expanded.
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

    /** Calls each public method on both lists and compares results and contents. */
    @TestFactory
    Stream<DynamicTest> everyMethodEqualsThatOfAnOrdinaryList() {
        return Stream.of(NDList.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getDeclaringClass() != Object.class)
                // Java 21: a view that calls the other methods.
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
            NDList waiting = TestModels.predict(block, manager, new NDList(manager.ones(INPUT)));
            assertInstanceOf(Unexpanded.class, waiting);
            NDList expected =
                    new NDList(TestModels.predict(block, manager, new NDList(manager.ones(INPUT))));
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

    /** A comparable form of a result; arrays are compared by their elements. */
    private static Object describe(Object value) {
        if (value instanceof NDArray array) {
            return array.isReleased() ? "released" : List.of(array.getShape(), hash(array));
        } else if (value instanceof Stream<?> stream) {
            return stream.map(LazyListTest::describe).toList();
        } else if (value instanceof java.util.Iterator<?> iterator) {
            List<Object> all = new ArrayList<>();
            iterator.forEachRemaining(each -> all.add(describe(each)));
            return all;
        } else if (value instanceof java.util.Spliterator<?> spliterator) {
            List<Object> all = new ArrayList<>();
            spliterator.forEachRemaining(each -> all.add(describe(each)));
            return all;
        } else if (value instanceof Collection<?> list) {
            return Stream.of(list.toArray()).map(LazyListTest::describe).toList();
        } else if (value instanceof Object[] array) {
            return Stream.of(array).map(LazyListTest::describe).toList();
        } else if (value instanceof byte[] bytes) {
            return bytes.length;
        } else if (value instanceof java.nio.ByteBuffer buffer) {
            return buffer.remaining();
        } else if (value instanceof String || value instanceof Integer) {
            // Identity hash codes and generated names differ between arrays.
            return value.getClass();
        }
        return value;
    }

    private static int hash(NDArray array) {
        return java.util.Arrays.hashCode(array.toFloatArray());
    }
}
