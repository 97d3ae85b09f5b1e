package io.github.freqreg.examples;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.networks.LeNet;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A LeNet-5 for each test of a guide. */
abstract class GuideTest {

    @TempDir Path folder;

    final Shape input = new Shape(1).addAll(LeNet.INPUT);

    NDManager manager;

    Model model;

    @BeforeEach
    void open() {
        Engine.getInstance().setRandomSeed(1);
        manager = NDManager.newBaseManager();
        model = Model.newInstance("mine");
        model.setBlock(LeNet.build());
    }

    @AfterEach
    void close() {
        model.close();
        manager.close();
    }
}
