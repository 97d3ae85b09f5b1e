package io.github.freqreg.file;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A wrapped network to quantise and a folder to save it in. */
abstract class QuantizedNetwork {

    static final Shape INPUT = new Shape(2, 3, 8, 8);

    @TempDir Path folder;
    NDManager manager;

    @BeforeEach
    void open(NDManager manager) {
        this.manager = manager;
    }

    Block wrapped() {
        FrequencyRegularization policy = TestModels.policy(40);
        Block block = policy.apply(TestModels.smoothNetwork(), INPUT);
        TestModels.initialize(block, manager, DataType.FLOAT32, INPUT);
        return block;
    }
}
