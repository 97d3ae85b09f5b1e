package io.github.freqreg.file;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.freqreg.TestModels;
import io.github.freqreg.policy.FrequencyRegularization;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A folder, a network to save, and networks to load the file into. */
abstract class NetworkFiles {

    static final Shape INPUT = new Shape(2, 3, 6, 6);

    static final int KEPT = 9;

    @TempDir Path folder;

    NDManager manager;

    Path file;

    @BeforeEach
    void open(NDManager manager) {
        this.manager = manager;
        file = folder.resolve("network.frq");
    }

    static FrequencyRegularization policy() {
        return TestModels.policy(KEPT);
    }

    Block initialized(Block block, Shape... inputs) {
        TestModels.initialize(block, manager, DataType.FLOAT32, inputs);
        return block;
    }

    /** A wrapped network with running statistics of its own. */
    Block wrapped() {
        Block block = policy().apply(initialized(TestModels.normalizedNetwork(), INPUT));
        block.forward(
                new ParameterStore(manager, false),
                new NDList(TestModels.random(manager, INPUT)),
                true);
        return block;
    }

    /** The networks that a file of {@link #wrapped()} is loaded into. */
    enum Target {
        FRESH_PLAIN {
            @Override
            Block make(NetworkFiles test) {
                return TestModels.normalizedNetwork();
            }
        },
        FRESH_WRAPPED {
            @Override
            Block make(NetworkFiles test) {
                return policy().apply(TestModels.normalizedNetwork());
            }
        },
        PLAIN {
            @Override
            Block make(NetworkFiles test) {
                return test.initialized(TestModels.normalizedNetwork(), INPUT);
            }
        },
        WRAPPED {
            @Override
            Block make(NetworkFiles test) {
                return policy().apply(test.initialized(TestModels.normalizedNetwork(), INPUT));
            }
        },
        WRAPPED_WITH_MORE {
            @Override
            Block make(NetworkFiles test) {
                return FrequencyRegularization.builder()
                        .paper()
                        .build()
                        .apply(test.initialized(TestModels.normalizedNetwork(), INPUT));
            }
        };

        abstract Block make(NetworkFiles test);
    }
}
