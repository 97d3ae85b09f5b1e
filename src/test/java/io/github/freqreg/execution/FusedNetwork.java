package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import io.github.freqreg.nn.BatchStatisticsNorm;
import io.github.freqreg.policy.FrequencyRegularization;

/** Convolutions, batch statistics and ReLU, wrapped to be fused. */
final class FusedNetwork {

    static final Shape INPUT = new Shape(2, 32, 41, 43);

    private FusedNetwork() {}

    static Block convolution(int filters) {
        return Conv2d.builder()
                .setFilters(filters)
                .setKernelShape(new Shape(3, 3))
                .optPadding(new Shape(1, 1))
                .build();
    }

    static Block wrapped(SequentialBlock network) {
        return FrequencyRegularization.builder()
                .optKept(20)
                .optIdentityStart(false)
                .optStrategy(Strategy.FUSED)
                .build()
                .apply(network);
    }

    static SequentialBlock network() {
        return new SequentialBlock()
                .add(convolution(64))
                .add(new BatchStatisticsNorm())
                .add(Activation.reluBlock())
                .add(convolution(56))
                .add(Activation.reluBlock())
                .add(convolution(48));
    }
}
