package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;

/**
 * The sizes of a layer and its input, from which costs are estimated.
 *
 * @param batch the number of images, or of vectors in a linear layer
 * @param groups the number of groups
 * @param in the number of input channels in a group
 * @param inBox the number of frequencies that are kept along them
 * @param out the number of output channels in a group
 * @param outBox the number of frequencies that are kept along them
 * @param taps the product of the kernel's extents
 * @param inPlaces the number of pixels of an input channel
 * @param outPlaces the number of pixels of an output channel
 */
record LayerSizes(
        double batch,
        double groups,
        double in,
        double inBox,
        double out,
        double outBox,
        double taps,
        double inPlaces,
        double outPlaces) {

    /** Returns whether the input is empty. */
    boolean isEmpty() {
        return batch * inPlaces == 0;
    }

    /** Derives the sizes from the shapes of a layer. */
    static LayerSizes of(
            ChannelLayout layout,
            Shape weight,
            double inBox,
            double outBox,
            Shape input,
            Shape output) {
        long channels = input.get(layout.channelAxis(input));
        long filters = output.get(layout.channelAxis(output));
        // One of the weight's first two axes has the channels of a single group.
        long groups =
                layout == ChannelLayout.TRANSPOSED
                        ? filters / weight.get(1)
                        : channels / weight.get(1);
        boolean linear = layout == ChannelLayout.LINEAR;
        return new LayerSizes(
                linear ? (double) input.size() / channels : input.get(0),
                groups,
                (double) channels / groups,
                inBox,
                (double) filters / groups,
                outBox,
                linear ? 1 : weight.slice(2).size(),
                linear ? 1 : input.slice(2).size(),
                linear ? 1 : output.slice(2).size());
    }
}
