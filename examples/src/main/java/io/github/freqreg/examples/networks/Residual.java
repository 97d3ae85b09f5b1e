package io.github.freqreg.examples.networks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import java.util.List;

/** The parts of which residual networks are built. */
final class Residual {

    private Residual() {}

    /** Adds a convolution without bias, padded by half of its kernel, and its normalisation. */
    static SequentialBlock normalised(
            SequentialBlock net, int filters, int kernel, int stride, int groups) {
        return net.add(
                        Conv2d.builder()
                                .setFilters(filters)
                                .setKernelShape(new Shape(kernel, kernel))
                                .optStride(new Shape(stride, stride))
                                .optPadding(new Shape(kernel / 2, kernel / 2))
                                .optGroups(groups)
                                .optBias(false)
                                .build())
                .add(BatchNorm.builder().build());
    }

    /** Adds the outputs of a path and of its shortcut. */
    static NDList sum(List<NDList> branches) {
        return new NDList(
                branches.get(0).singletonOrThrow().add(branches.get(1).singletonOrThrow()));
    }
}
