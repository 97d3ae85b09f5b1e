package io.github.freqreg.benchmarks.large;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.BertBlock;
import io.github.freqreg.examples.networks.AlexNet;
import java.util.Arrays;
import java.util.function.Supplier;

/** Networks of a hundred million weights. */
enum LargeNetwork {
    /** One linear layer of 10,000 by 10,000. */
    LINEAR(
            "linear layer, 10,000 × 10,000",
            () -> new SequentialBlock().add(Linear.builder().setUnits(10_000).build()),
            DataType.FLOAT32,
            new Shape(8, 10_000)),
    /** AlexNet of full width, 57 million weights, with a batch of 16 images of 224 × 224. */
    ALEXNET(
            "AlexNet, 16 images of 224 × 224",
            () -> AlexNet.build(AlexNet.WIDTH, 10),
            DataType.FLOAT32,
            new Shape(16, 3, 224, 224)),
    /** BERT-base, 109 million weights, with a text of 128 tokens. */
    BERT(
            "BERT-base, 128 tokens",
            () ->
                    BertBlock.builder()
                            .base()
                            .setTokenDictionarySize(30_522)
                            .optMaxSequenceLength(128)
                            .build(),
            DataType.INT64,
            new Shape(1, 128),
            new Shape(1, 128),
            new Shape(1, 128));

    private final String title;
    private final Supplier<Block> maker;
    private final DataType type;
    private final Shape[] inputs;

    LargeNetwork(String title, Supplier<Block> maker, DataType type, Shape... inputs) {
        this.title = title;
        this.maker = maker;
        this.type = type;
        this.inputs = inputs;
    }

    /** Returns the name for readers. */
    String title() {
        return title;
    }

    /** Returns a fresh network, not initialised. */
    Block make() {
        return maker.get();
    }

    /** Returns the shapes of the inputs. */
    Shape[] shapes() {
        return inputs.clone();
    }

    /** Returns inputs: normally distributed numbers, or ones for tokens, their types and masks. */
    NDList inputs(NDManager manager) {
        NDList list = new NDList();
        Arrays.stream(inputs)
                .map(
                        shape ->
                                type == DataType.FLOAT32
                                        ? manager.randomNormal(shape)
                                        : manager.ones(shape, type))
                .forEach(list::add);
        return list;
    }
}
