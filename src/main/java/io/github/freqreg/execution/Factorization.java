package io.github.freqreg.execution;

import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * What of a layer's weight stays in the frequency domain. With neither, the weight is rebuilt.
 *
 * @param project whether the input's channels are projected onto frequencies before the layer
 * @param expand whether the layer answers in frequencies, expanded to the output's channels after
 *     it
 */
record Factorization(boolean project, boolean expand) {

    static final Factorization REBUILD = new Factorization(false, false);

    /** All but to rebuild. */
    static final List<Factorization> FACTORED =
            List.of(
                    new Factorization(true, true),
                    new Factorization(true, false),
                    new Factorization(false, true));

    /** All, to rebuild first: where nothing is cheaper, that is done. */
    static final List<Factorization> ALL =
            List.of(REBUILD, FACTORED.get(1), FACTORED.get(2), FACTORED.get(0));

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
    record Sizes(
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

        static Sizes of(
                LayerForm form,
                Shape weight,
                double inBox,
                double outBox,
                Shape input,
                Shape output) {
            long channels = input.get(form.channelAxis(input));
            long filters = output.get(form.channelAxis(output));
            // The weight has the channels of one group along one of its first axes.
            long groups =
                    form == LayerForm.TRANSPOSED
                            ? filters / weight.get(1)
                            : channels / weight.get(1);
            boolean linear = form == LayerForm.LINEAR;
            return new Sizes(
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
}
