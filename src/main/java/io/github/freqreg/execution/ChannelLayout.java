package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;
import java.util.Optional;

/** Where a layer that can be computed factored has its channels. */
enum ChannelLayout {
    /** Weight (filters, channels / groups, kernel…), input (batch, channels, spatial…). */
    CONVOLUTION(1, 0),
    /** Weight (channels, filters / groups, kernel…), input (batch, channels, spatial…). */
    TRANSPOSED(0, 1),
    /** Weight (units, features), input (…, features). */
    LINEAR(1, 0);

    /** The weight's axis of the input's channels. */
    final int in;

    /** The weight's axis of the output's channels. */
    final int out;

    ChannelLayout(int in, int out) {
        this.in = in;
        this.out = out;
    }

    /**
     * Returns the layout of a layer.
     *
     * @return the layout, or nothing for other classes; a subclass may compute something else
     */
    static Optional<ChannelLayout> of(Block layer) {
        Class<?> type = layer.getClass();
        if (type == Conv1d.class || type == Conv2d.class || type == Conv3d.class) {
            return Optional.of(CONVOLUTION);
        } else if (type == TransposedConv1d.class || type == TransposedConv2d.class) {
            return Optional.of(TRANSPOSED);
        }
        return type == Linear.class ? Optional.of(LINEAR) : Optional.empty();
    }

    /** The axis of the channels of an input or output. */
    int channelAxis(Shape image) {
        return this == LINEAR ? image.dimension() - 1 : 1;
    }
}
