package io.github.freqreg.interop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A network and the names that PyTorch gives to its weights. */
abstract class NamedNetwork {

    static final Shape INPUT = new Shape(2, 3, 6, 6);

    /** PyTorch's names by those of the network, in order. */
    static final Map<String, String> NAMES = names();

    @TempDir Path folder;

    NDManager manager;

    @BeforeEach
    void open(NDManager manager) {
        this.manager = manager;
    }

    static Map<String, String> names() {
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

    Block initialized(DataType type) {
        Block block = TestModels.normalizedNetwork();
        TestModels.initialize(block, manager, type, INPUT);
        return block;
    }

    static FrequencyRegularization policy() {
        return FrequencyRegularization.builder()
                .paper()
                .optKept(11)
                .addSplit("Linear_weight", new Shape(5, 4, 4, 4))
                .addAxisWeights("Linear_weight", 1, 2, 3, 3)
                .build();
    }

    /** A wrapped network with running statistics of its own. */
    Block wrapped() {
        Block block = policy().apply(initialized(DataType.FLOAT32));
        NDList input = new NDList(TestModels.random(manager, INPUT));
        block.forward(new ParameterStore(manager, false), input, true);
        return block;
    }

    NDList weights(Block block) {
        return DenseWeights.of(block, manager, UnaryOperator.identity());
    }

    static Map<String, List<Byte>> bytes(Block block) {
        Map<String, List<Byte>> bytes = new LinkedHashMap<>();
        for (Pair<String, Parameter> entry : block.getParameters()) {
            try (NDArray detached = entry.getValue().getArray().stopGradient()) {
                bytes.put(entry.getKey(), list(detached.toByteArray()));
            }
        }
        return bytes;
    }

    static Map<String, List<Byte>> bytes(NDList arrays) {
        Map<String, List<Byte>> bytes = new LinkedHashMap<>();
        arrays.forEach(array -> bytes.put(array.getName(), list(array.toByteArray())));
        return bytes;
    }

    static List<Byte> list(byte[] bytes) {
        List<Byte> list = new ArrayList<>();
        for (byte each : bytes) {
            list.add(each);
        }
        return list;
    }

    /** Weights under other names plus PyTorch's counter of batches. */
    NDList renamed(Block block, UnaryOperator<String> names) {
        NDList arrays = DenseWeights.of(block, manager, names);
        NDArray count = manager.create(7L);
        count.setName("bn1.num_batches_tracked");
        arrays.add(6, count);
        return arrays;
    }
}
