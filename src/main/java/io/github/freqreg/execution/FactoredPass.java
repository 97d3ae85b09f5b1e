package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.ArrayView;
import io.github.freqreg.execution.CostModel.Traffic;
import io.github.freqreg.nn.LazyMaps;
import io.github.freqreg.spectrum.SplitAxes;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Computes one pass of a layer with factors of its weight, see {@link LayerExecutor}. */
final class FactoredPass {

    private final Block layer;
    private final ChannelLayout layout;
    private final LayerPass pass;
    private final Factorization way;
    private final LayerSizes sizes;
    private final SplitAxes axes;
    private final ChannelMix mix;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    FactoredPass(
            Block layer,
            ChannelLayout layout,
            LayerPass pass,
            Factorization way,
            LayerSizes sizes,
            SplitAxes axes,
            Parameter weight,
            @Nullable Parameter bias) {
        this.layer = layer;
        this.layout = layout;
        this.pass = pass;
        this.way = way;
        this.sizes = sizes;
        this.axes = axes;
        mix = new ChannelMix(layout, (long) sizes.groups());
        this.weight = weight;
        this.bias = bias;
    }

    /**
     * Computes the layer.
     *
     * @param note is told which maps were moved through memory, once that is known
     * @return the output on the input's manager
     */
    NDList run(Consumer<Traffic> note) {
        LayerInput input = pass.input();
        NDManager owner = input.manager();
        try (NDManager scratch = owner.newSubManager()) {
            NDArray core = pass.cores().of(way, () -> core(scratch));
            Optional<LazyMaps> waiting =
                    way.projects() && sharesBasis() && !pass.startsAtIdentity()
                            ? LazyMaps.projectable(input.list())
                            : Optional.empty();
            boolean inputRead = waiting.isEmpty();
            NDArray given =
                    waiting.map(maps -> maps.project(inBasis(scratch), scratch))
                            .orElseGet(() -> projectedInput(scratch));
            CoreStore store = new CoreStore(core);
            NDArray output = layer.forward(store, new NDList(given), false).singletonOrThrow();
            output.attach(scratch);
            if (!way.expands()) {
                note.accept(new Traffic(inputRead, MapUse.STORED));
                output = withStart(output, scratch);
                output.attach(owner);
                return new NDList(output);
            }
            NDArray shift =
                    bias == null
                            ? null
                            : pass.store().getValue(bias, input.device(), pass.training());
            if (sharesBasis() && waits()) {
                output.attach(owner);
                return unexpanded(output, shift, use -> note.accept(new Traffic(inputRead, use)));
            }
            note.accept(new Traffic(inputRead, MapUse.STORED));
            output = withStart(expanded(output, scratch), scratch);
            if (shift != null) {
                output = output.add(mix.alongChannels(shift, scratch, output.getShape()));
            }
            output.attach(owner);
            return new NDList(output);
        }
    }

    /** Returns the axis of a convolution's input channels; it is whole if they are projected. */
    private int inAxis() {
        return axes.whole(layout.in).orElseThrow();
    }

    /** Returns the axis of a convolution's output channels; it is whole if they are expanded. */
    private int outAxis() {
        return axes.whole(layout.out).orElseThrow();
    }

    private NDArray inBasis(NDManager scratch) {
        return pass.transform().basis(inAxis(), scratch);
    }

    /** Returns whether one basis serves all channels, so that maps can be passed on unexpanded. */
    private boolean sharesBasis() {
        return sizes.groups() == 1 && layout != ChannelLayout.LINEAR;
    }

    /** Returns whether the channels are computed only when the next block asks for them. */
    private boolean waits() {
        boolean asked = pass.strategy() == Strategy.AUTO || pass.strategy() == Strategy.FUSED;
        return asked
                && !pass.startsAtIdentity()
                && switch (pass.mode()) {
                    case FUSIBLE_TRAINING -> true;
                    case FUSIBLE_INFERENCE -> !pass.input().hasGradient();
                    case TRAINING, INFERENCE -> false;
                };
    }

    /**
     * Rebuilds the weight along all axes but the channel axes that stay in the frequency domain.
     */
    private NDArray core(NDManager scratch) {
        Set<Integer> frequencies = new HashSet<>();
        if (way.projects()) {
            axes.parts(layout.in).forEach(frequencies::add);
        }
        if (way.expands()) {
            axes.parts(layout.out).forEach(frequencies::add);
        }
        NDArray core =
                pass.transform()
                        .rebuild(
                                pass.coefficients().get(),
                                scratch,
                                axis -> !frequencies.contains(axis))
                        .reshape(coreShape());
        // The first axis has the channels of all groups; frequencies each group needs of its own.
        boolean first = layout == ChannelLayout.TRANSPOSED ? way.projects() : way.expands();
        return first ? mix.tile(core) : core;
    }

    /** Returns the weight's shape, with frequencies where these stay. */
    private Shape coreShape() {
        long[] extents = weight.getShape().getShape().clone();
        if (way.projects()) {
            extents[layout.in] = (long) sizes.inBox();
        }
        if (way.expands()) {
            extents[layout.out] = (long) sizes.outBox();
        }
        return new Shape(extents);
    }

    private NDArray projectedInput(NDManager scratch) {
        NDArray given = given(scratch);
        if (!way.projects()) {
            return given;
        }
        return layout == ChannelLayout.LINEAR
                ? pass.transform().projectLast(given, axes.parts(layout.in).toArray(), scratch)
                : mix.project(given, inBasis(scratch));
    }

    /** Adds what the start of the weight makes of the input, if it has one. */
    private NDArray withStart(NDArray output, NDManager scratch) {
        if (!pass.startsAtIdentity()) {
            return output;
        }
        NDArray sum = IdentityMaps.add(output, given(scratch));
        sum.attach(scratch);
        return sum;
    }

    private NDArray given(NDManager scratch) {
        return ArrayView.of(pass.input().list().singletonOrThrow(), scratch);
    }

    private NDArray expanded(NDArray output, NDManager scratch) {
        return layout == ChannelLayout.LINEAR
                ? pass.transform().rebuildLast(output, axes.parts(layout.out).toArray(), scratch)
                : mix.expand(output, pass.transform().basis(outAxis(), scratch));
    }

    private NDList unexpanded(NDArray small, @Nullable NDArray shift, Consumer<MapUse> user) {
        NDManager owner = pass.input().manager();
        NDArray basis = pass.transform().basis(outAxis(), owner);
        return new Unexpanded(
                new FactoredMaps(small, basis, held(shift, owner), pass.training(), user));
    }

    /**
     * Returns the bias for an output that is computed later: outside of a graph, a copy of it as it
     * is now.
     */
    private @Nullable NDArray held(@Nullable NDArray shift, NDManager owner) {
        if (shift == null) {
            return null;
        }
        if (pass.training()) {
            return ArrayView.of(shift, owner);
        }
        try (NDArray detached = shift.stopGradient()) {
            NDArray plain = detached.duplicate();
            plain.attach(owner);
            return plain;
        }
    }

    /** Answers with the core for the weight, and with no bias if it is added after expanding. */
    private final class CoreStore extends ParameterStore {

        private final NDArray core;

        CoreStore(NDArray core) {
            super(pass.store().getManager(), false);
            this.core = core;
        }

        /** {@inheritDoc} */
        @Override
        public @Nullable NDArray getValue(
                @Nullable Parameter parameter, Device device, boolean training) {
            if (parameter == weight) {
                return core;
            }
            return parameter == null || parameter == bias && way.expands()
                    ? null
                    : pass.store().getValue(parameter, device, training);
        }
    }
}
