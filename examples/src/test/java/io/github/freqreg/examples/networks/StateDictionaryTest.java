package io.github.freqreg.examples.networks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.interop.NameTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * State dictionaries with torchvision's names, at small widths, are loaded into networks with DJL's
 * names, in the order of torch.save and sorted as safetensors are.
 */
class StateDictionaryTest {

    private static final int WIDTH = 4;

    @TempDir private Path folder;

    /** The names and shapes in the order of the state dictionary. */
    private final Map<String, Shape> state = new LinkedHashMap<>();

    /** The names in the order of DJL's parameters. */
    private final List<String> expected = new ArrayList<>();

    private final Random random = new Random(20);
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private void put(String name, long... shape) {
        state.put(name, new Shape(shape));
        expected.add(name);
    }

    private void layer(String name, long... weight) {
        put(name + ".weight", weight);
        put(name + ".bias", weight[0]);
    }

    private void norm(String name, long channels) {
        layer(name, channels);
        put(name + ".running_mean", channels);
        put(name + ".running_var", channels);
        state.put(name + ".num_batches_tracked", new Shape());
    }

    private NDList arrays() {
        NDList arrays = new NDList();
        state.forEach(
                (name, shape) -> {
                    float[] values = new float[(int) shape.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = random.nextFloat();
                    }
                    NDArray array =
                            name.endsWith("tracked")
                                    ? manager.create(7L)
                                    : manager.create(values, shape);
                    array.setName(name);
                    arrays.add(array);
                });
        return arrays;
    }

    private void assertLoads(Block network, NDList arrays, Shape input) throws Exception {
        NameTable table = DenseWeights.match(network, arrays, UnaryOperator.identity(), input);
        assertEquals(List.of(), table.openParameters(), table::toString);
        assertEquals(List.of(), table.unusedArrays(), table::toString);
        DenseWeights.load(network, manager, arrays, NameTable.parse(table.toString()), input);
        List<String> ours = network.getParameters().keys();
        assertEquals(expected.size(), ours.size());
        for (int i = 0; i < ours.size(); i++) {
            NDArray own = network.getParameters().get(i).getValue().getArray();
            assertArrayEquals(
                    arrays.get(expected.get(i)).toFloatArray(),
                    own.stopGradient().toFloatArray(),
                    ours.get(i) + " and " + expected.get(i));
        }
    }

    /** Loads by the order of a state dictionary, and from a safetensors file, sorted. */
    private void assertLoads(Supplier<Block> network, Shape input) throws Exception {
        NDList arrays = arrays();
        assertLoads(network.get(), arrays, input);
        NDList sorted = new NDList(arrays);
        sorted.sort((a, b) -> a.getName().compareTo(b.getName()));
        Path file = folder.resolve("model.safetensors");
        ArrayFile.write(sorted, file);
        assertLoads(network.get(), ArrayFile.read(manager, file), input);
    }

    @Test
    void resNet18() throws Exception {
        put("conv1.weight", WIDTH, 3, 3, 3);
        norm("bn1", WIDTH);
        for (int stage = 0; stage < 4; stage++) {
            long out = (long) WIDTH << stage;
            for (int unit = 0; unit < 2; unit++) {
                String at = "layer" + (stage + 1) + "." + unit + ".";
                long in = stage > 0 && unit == 0 ? out / 2 : out;
                put(at + "conv1.weight", out, in, 3, 3);
                norm(at + "bn1", out);
                put(at + "conv2.weight", out, out, 3, 3);
                norm(at + "bn2", out);
                if (in < out) {
                    put(at + "downsample.0.weight", out, in, 1, 1);
                    norm(at + "downsample.1", out);
                }
            }
        }
        layer("fc", 10, 8 * WIDTH);
        assertLoads(() -> ResNet18.build(WIDTH, 10), new Shape(1, 3, 32, 32));
    }

    @Test
    void alexNet() throws Exception {
        layer("features.0", WIDTH, 3, 11, 11);
        layer("features.3", 3 * WIDTH, WIDTH, 5, 5);
        layer("features.6", 6 * WIDTH, 3 * WIDTH, 3, 3);
        layer("features.8", 4 * WIDTH, 6 * WIDTH, 3, 3);
        layer("features.10", 4 * WIDTH, 4 * WIDTH, 3, 3);
        layer("classifier.1", 64 * WIDTH, 4 * WIDTH);
        layer("classifier.4", 64 * WIDTH, 64 * WIDTH);
        layer("classifier.6", 10, 64 * WIDTH);
        assertLoads(() -> AlexNet.build(WIDTH, 10), new Shape(1, 3, 63, 63));
    }

    /** The convolutions of vgg19_bn; those of the paper have no bias. */
    @Test
    void vgg19() throws Exception {
        long in = 3;
        int number = 0;
        for (int[] stage : new int[][] {{2, 1}, {2, 2}, {4, 4}, {4, 8}, {4, 8}}) {
            for (int i = 0; i < stage[0]; i++) {
                long out = (long) stage[1] * WIDTH;
                put("features." + number + ".weight", out, in, 3, 3);
                norm("features." + (number + 1), out);
                number += 3;
                in = out;
            }
            number++;
        }
        layer("classifier", 10, 8 * WIDTH);
        assertLoads(() -> Vgg.build(WIDTH, 10), new Shape(1, 3, 32, 32));
    }

    @Test
    void vgg16() throws Exception {
        int[] numbers = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
        int[] widths = {1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8};
        long in = 3;
        for (int i = 0; i < numbers.length; i++) {
            layer("features." + numbers[i], (long) widths[i] * WIDTH, in, 3, 3);
            in = (long) widths[i] * WIDTH;
        }
        layer("classifier.0", 64, 8 * WIDTH);
        layer("classifier.3", 64, 64);
        layer("classifier.6", 10, 64);
        assertLoads(
                () -> {
                    SequentialBlock vgg = new SequentialBlock();
                    for (int i = 0; i < numbers.length; i++) {
                        vgg.add(
                                        Conv2d.builder()
                                                .setFilters(widths[i] * WIDTH)
                                                .setKernelShape(new Shape(3, 3))
                                                .optPadding(new Shape(1, 1))
                                                .build())
                                .add(Activation.reluBlock());
                        if (i == 1 || i == 3 || i == 6 || i == 9 || i == 12) {
                            vgg.add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
                        }
                    }
                    vgg.add(Blocks.batchFlattenBlock());
                    for (int units : new int[] {64, 64, 10}) {
                        vgg.add(Linear.builder().setUnits(units).build());
                    }
                    return vgg;
                },
                new Shape(1, 3, 32, 32));
    }

    /** A head for other classes is left over on both sides. */
    @Test
    void anotherHeadIsLeftOver() throws Exception {
        alexNet();
        state.put("classifier.6.weight", new Shape(1000, 64 * WIDTH));
        state.put("classifier.6.bias", new Shape(1000));
        NameTable table =
                DenseWeights.match(
                        AlexNet.build(WIDTH, 10),
                        arrays(),
                        UnaryOperator.identity(),
                        new Shape(1, 3, 63, 63));
        assertEquals(List.of("classifier.6.weight", "classifier.6.bias"), table.unusedArrays());
        assertEquals(2, table.openParameters().size());
        assertTrue(
                table.toString().contains("# classifier.6.weight (1000, 256)\n"), table::toString);
    }
}
