package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;

/**
 * The sizes of a layer at work.
 *
 * @param batch how many images, or vectors of a linear layer
 * @param groups how many parts the channels are in, each with its own filters
 * @param in the channels of a group of the input
 * @param inBox how many frequencies their axis keeps
 * @param out the channels of a group of the output
 * @param outBox how many frequencies their axis keeps
 * @param taps the product of the kernel's extents
 * @param inPlaces the pixels of an input channel
 * @param outPlaces the pixels of an output channel
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

    /** Whether there is nothing to compute. */
    boolean isEmpty() {
        return batch * inPlaces == 0;
    }

    static LayerSizes of(
            ChannelLayout form,
            Shape weight,
            double inBox,
            double outBox,
            Shape input,
            Shape output) {
        long channels = input.get(form.channelAxis(input));
        long filters = output.get(form.channelAxis(output));
        // The weight has the channels of one group along one of its first axes.
        long groups =
                form == ChannelLayout.TRANSPOSED
                        ? filters / weight.get(1)
                        : channels / weight.get(1);
        boolean linear = form == ChannelLayout.LINEAR;
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
