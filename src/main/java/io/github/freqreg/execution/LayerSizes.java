package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.SplitAxes;

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
 * @param inTerms the products that each input number takes part in when channels are projected onto
 *     all frequencies of the box; if the axis is split, those of all steps
 * @param outTerms the same of the output, when its channels are expanded
 * @param linear whether it is a linear layer
 * @param identity whether the layer starts at the identity
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
        double outPlaces,
        double inTerms,
        double outTerms,
        boolean linear,
        boolean identity) {

    /** Describes a convolution whose channel axes are not split. */
    LayerSizes(
            double batch,
            double groups,
            double in,
            double inBox,
            double out,
            double outBox,
            double taps,
            double inPlaces,
            double outPlaces) {
        this(
                batch, groups, in, inBox, out, outBox, taps, inPlaces, outPlaces, inBox, outBox,
                false, false);
    }

    /** Returns the sizes of the same layer, starting at the identity. */
    LayerSizes withIdentity() {
        return new LayerSizes(
                batch, groups, in, inBox, out, outBox, taps, inPlaces, outPlaces, inTerms, outTerms,
                linear, true);
    }

    /** Returns whether the input is empty. */
    boolean isEmpty() {
        return batch * inPlaces == 0;
    }

    /**
     * Derives the sizes from the shapes of a layer.
     *
     * @param layout where it has its channels
     * @param weight the shape of its weight
     * @param axes how the weight's axes are split
     * @param box the kept frequencies of the split axes
     * @param input the shape of its input
     * @param output the shape of its output
     */
    static LayerSizes of(
            ChannelLayout layout,
            Shape weight,
            SplitAxes axes,
            Shape box,
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
                axes.size(layout.in, box),
                (double) filters / groups,
                axes.size(layout.out, box),
                linear ? 1 : weight.slice(2).size(),
                linear ? 1 : input.slice(2).size(),
                linear ? 1 : output.slice(2).size(),
                axes.parts(layout.in).mapToLong(box::get).sum(),
                axes.parts(layout.out).mapToLong(box::get).sum(),
                linear,
                false);
    }
}
