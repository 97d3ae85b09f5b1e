package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import io.github.freqreg.nn.TransposedConv1d;
import io.github.freqreg.nn.TransposedConv2d;

/** The kinds of layer that can be computed factored: where the channels are. */
enum LayerForm {
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

    LayerForm(int in, int out) {
        this.in = in;
        this.out = out;
    }

    /** The form of a layer, or null. A subclass may compute otherwise, so it has none. */
    static LayerForm of(Block layer) {
        Class<?> type = layer.getClass();
        if (type == Conv1d.class || type == Conv2d.class || type == Conv3d.class) {
            return CONVOLUTION;
        } else if (type == TransposedConv1d.class || type == TransposedConv2d.class) {
            return TRANSPOSED;
        }
        return type == Linear.class ? LINEAR : null;
    }

    /** The axis of the channels of an input or output. */
    int channelAxis(Shape image) {
        return this == LINEAR ? image.dimension() - 1 : 1;
    }
}
