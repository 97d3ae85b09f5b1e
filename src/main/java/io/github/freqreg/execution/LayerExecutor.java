package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.execution.Factorization.Sizes;
import io.github.freqreg.spectrum.SpectralTransform;
import io.github.freqreg.spectrum.SplitAxes;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes one layer with the coefficients of its weight.
 *
 * <p>The kept coefficients lie in a box S of A frequencies along the output's channels and B along
 * the input's. With D the cosines of an axis and the kernel's axes rebuilt,
 *
 * <pre>
 * w[o, i, …] = Σ_a Σ_b D_out[o, a] · S[a, b, …] · D_in[i, b]
 * layer(x, w) = D_out · layer(D_inᵀ · x, S)
 * </pre>
 *
 * <p>so the layer itself, with all its options, computes on A and B channels rather than on the
 * output's and the input's. Only S has gradients: the input is not stored for the way back. With
 * groups, each group's channels are projected by the same cosines or its rows of them.
 *
 * <p>Safe for concurrent use.
 */
public final class LayerExecutor {

    private static final Logger logger = LoggerFactory.getLogger(LayerExecutor.class);

    private final Block layer;
    private final LayerForm form;
    private final Parameter weight;
    private final Parameter bias;
    private volatile Pick inference;
    private volatile Pick training;

    private LayerExecutor(Block layer, LayerForm form) {
        this.layer = layer;
        this.form = form;
        weight = layer.getDirectParameters().get("weight");
        bias = layer.getDirectParameters().get("bias");
    }

    /**
     * Makes an executor for a layer.
     *
     * @param layer any block
     * @return the executor, or null for a block that can only be computed with its weights rebuilt
     */
    public static LayerExecutor of(Block layer) {
        LayerForm form = LayerForm.of(layer);
        return form == null ? null : new LayerExecutor(layer, form);
    }

    /**
     * Returns the parameter that may stay in the frequency domain.
     *
     * @return the layer's weight
     */
    public Parameter getWeight() {
        return weight;
    }

    /**
     * Tells whether blocks that follow the layer can be computed together with it.
     *
     * @return true for convolutions, transposed ones included
     */
    public boolean canFuse() {
        return form != LayerForm.LINEAR;
    }

    /**
     * Returns how the last pass was computed.
     *
     * @param ofTraining whether of training or of inference
     * @return the pick, or null if there was no such pass yet
     */
    public Pick getPick(boolean ofTraining) {
        return ofTraining ? training : inference;
    }

    /** The way to compute, or null to rebuild the weight. */
    private Factorization pick(
            Strategy strategy, SplitAxes axes, ZigzagMask mask, Sizes sizes, boolean training) {
        if (strategy == Strategy.REBUILD || sizes.isEmpty()) {
            return null;
        }
        // Along an axis of one element, or one that is split, nothing is projected or expanded.
        boolean projects = mixes(axes, mask, form.in);
        boolean expands = mixes(axes, mask, form.out);
        List<Factorization> ways = new ArrayList<>();
        for (Factorization way :
                strategy == Strategy.AUTO ? Factorization.ALL : Factorization.FACTORED) {
            if ((projects || !way.project()) && (expands || !way.expand())) {
                ways.add(way);
            }
        }
        Factorization way = ways.isEmpty() ? null : CostModel.pick(ways, sizes, training);
        return Factorization.REBUILD.equals(way) ? null : way;
    }

    private static boolean mixes(SplitAxes axes, ZigzagMask mask, int axis) {
        int whole = axes.whole(axis);
        return whole >= 0 && mask.getShape().get(whole) > 1;
    }

    /** The weight's axes in the mask's shape, which may split them. */
    private SplitAxes axes(ZigzagMask mask) {
        return SplitAxes.of(weight.getShape(), mask.getShape());
    }

    private Sizes sizes(SplitAxes axes, ZigzagMask mask, Shape input) {
        Shape output = layer.getOutputShapes(new Shape[] {input})[0];
        // Convolutions share one basis over all output channels, whatever their group.
        return Sizes.of(
                form,
                weight.getShape(),
                axes.size(form.in, mask.getBox()),
                axes.size(form.out, mask.getBox()),
                input,
                output);
    }

    /**
     * Computes the layer without its weight, if that is asked for or cheaper.
     *
     * @param pass what is computed
     * @return the output on the input's manager, or nothing if the weight is to be rebuilt
     */
    public Optional<NDList> forward(Pass pass) {
        SpectralTransform transform = pass.transform();
        ZigzagMask mask = transform.getMask();
        LayerInput input = pass.input();
        SplitAxes axes = axes(mask);
        Sizes sizes = sizes(axes, mask, input.shape());
        Factorization way = pick(pass.strategy(), axes, mask, sizes, pass.training());
        if (way == null) {
            note(input.shape(), pass.training(), Factorization.REBUILD, sizes, MapUse.WHOLE);
            return Optional.empty();
        }
        NDManager owner = input.manager();
        try (NDManager scratch = owner.newSubManager()) {
            long groups = (long) sizes.groups();
            int in = axes.whole(form.in);
            int out = axes.whole(form.out);
            NDArray core =
                    transform.rebuild(
                            pass.coefficients(),
                            scratch,
                            axis -> !(axis == in && way.project() || axis == out && way.expand()));
            core = core.reshape(coreShape(way, sizes));
            // The first axis is that of all groups' channels; between frequencies each needs its
            // own.
            boolean first = form == LayerForm.TRANSPOSED ? way.project() : way.expand();
            if (first && groups > 1) {
                core = tile(core, groups);
            }
            boolean shared = groups == 1 && form != LayerForm.LINEAR;
            NDArray given;
            Optional<Unexpanded> waiting =
                    way.project() && shared ? Unexpanded.waiting(input.list()) : Optional.empty();
            boolean read = waiting.isEmpty();
            if (waiting.isPresent()) {
                given = waiting.get().project(transform.basis(in, scratch), scratch);
            } else {
                given = input.list().singletonOrThrow().get(scratch, new NDIndex().addAllDim());
                if (way.project()) {
                    NDArray basis = transform.basis(in, scratch);
                    // A basis of all channels has a part for each group, one of a group is for all.
                    given = mix(given, basis, groups, form == LayerForm.TRANSPOSED, true);
                }
            }
            CoreStore answers = new CoreStore(pass.store(), core, way.expand());
            NDArray answer = layer.forward(answers, new NDList(given), false).singletonOrThrow();
            answer.attach(scratch);
            if (!way.expand()) {
                note(input.shape(), pass.training(), way, sizes, new MapUse(false, read, true));
                answer.attach(owner);
                return Optional.of(new NDList(answer));
            }
            NDArray shift =
                    bias == null
                            ? null
                            : pass.store().getValue(bias, input.device(), pass.training());
            if (shared && waits(pass)) {
                return Optional.of(unexpanded(pass, way, sizes, answer, shift, read));
            }
            note(input.shape(), pass.training(), way, sizes, new MapUse(false, read, true));
            answer =
                    mix(
                            answer,
                            transform.basis(out, scratch),
                            groups,
                            form == LayerForm.CONVOLUTION,
                            false);
            if (shift != null) {
                answer = answer.add(wide(shift, scratch, answer.getShape()));
            }
            answer.attach(owner);
            return Optional.of(new NDList(answer));
        }
    }

    /** Whether the channels are computed only when the next block asks for them. */
    private static boolean waits(Pass pass) {
        boolean asked = pass.strategy() == Strategy.AUTO || pass.strategy() == Strategy.FUSED;
        boolean graph = pass.training() || pass.input().hasGradient();
        return asked && !graph && pass.fusible();
    }

    /** As it is now, for an output that is computed later. */
    private static NDArray copy(NDArray shift) {
        try (NDArray detached = shift.stopGradient()) {
            return detached.duplicate();
        }
    }

    private NDList unexpanded(
            Pass pass, Factorization way, Sizes sizes, NDArray small, NDArray shift, boolean read) {
        NDManager owner = pass.input().manager();
        SpectralTransform transform = pass.transform();
        NDArray basis = transform.basis(axes(transform.getMask()).whole(form.out), owner);
        NDArray plain = shift == null ? null : copy(shift);
        if (plain != null) {
            plain.attach(owner);
        }
        small.attach(owner);
        // It lives as long as the output, so it does not hold the pass and the input with it.
        Shape input = pass.input().shape();
        Unexpanded.User user =
                (fused, written) ->
                        note(input, false, way, sizes, new MapUse(fused, read, written));
        return new Unexpanded(new Unexpanded.Maps(small, basis, plain, user), ChannelTail.NONE);
    }

    /** The weight's shape, with frequencies where these stay. */
    private Shape coreShape(Factorization way, Sizes sizes) {
        long[] extents = weight.getShape().getShape().clone();
        if (way.project()) {
            extents[form.in] = (long) sizes.inBox();
        }
        if (way.expand()) {
            extents[form.out] = (long) sizes.outBox();
        }
        return new Shape(extents);
    }

    /**
     * What became of the maps of all channels before and after a layer.
     *
     * @param fused whether blocks that follow were computed with the layer
     * @param read whether the input's were read, rather than brought projected by the layer before
     * @param written whether the output's were stored, rather than projected for the next layer
     */
    private record MapUse(boolean fused, boolean read, boolean written) {

        static final MapUse WHOLE = new MapUse(false, true, true);
    }

    /** Remembers what was picked, for the report. */
    private void note(
            Shape input, boolean ofTraining, Factorization way, Sizes sizes, MapUse maps) {
        if (sizes.isEmpty()) {
            return;
        }
        double cost =
                maps.read() && maps.written()
                        ? CostModel.cost(way, sizes, ofTraining)
                        : CostModel.fused(way, sizes, maps.read(), maps.written());
        Pick pick =
                new Pick(
                        input,
                        ofTraining,
                        way.project(),
                        way.expand(),
                        maps.fused(),
                        cost,
                        CostModel.dense(sizes, ofTraining));
        if (!pick.equals(getPick(ofTraining))) {
            logger.debug(
                    "{} with a weight {}, input {}, {}: {}",
                    layer.getClass().getSimpleName(),
                    weight.getShape(),
                    input,
                    ofTraining ? "training" : "inference",
                    pick);
        }
        if (ofTraining) {
            training = pick;
        } else {
            inference = pick;
        }
    }

    /**
     * What is computed.
     *
     * @param strategy what is asked for
     * @param transform of the weight
     * @param coefficients the kept coefficients, in the gradient's graph or not
     * @param store has the bias
     * @param input of the layer
     * @param training whether there is a way back
     * @param fusible whether a block follows that can add its work to the expansion; the output is
     *     then computed when it is first read
     */
    public record Pass(
            Strategy strategy,
            SpectralTransform transform,
            NDArray coefficients,
            ParameterStore store,
            LayerInput input,
            boolean training,
            boolean fusible) {}

    /** A core for each group. */
    private static NDArray tile(NDArray core, long groups) {
        Shape shape = core.getShape();
        return core.expandDims(0)
                .broadcast(new Shape(groups).addAll(shape))
                .reshape(new Shape(groups * shape.get(0)).addAll(shape.slice(1)));
    }

    /**
     * Multiplies channels with a basis, n → K (down) or K → n.
     *
     * @param split whether the basis has rows for the channels of all groups, one after the other
     */
    private NDArray mix(NDArray image, NDArray basis, long groups, boolean split, boolean down) {
        if (form == LayerForm.LINEAR) {
            return image.matMul(down ? basis : basis.transpose());
        }
        Shape shape = image.getShape();
        long rows = basis.getShape().get(0);
        long frequencies = basis.getShape().get(1);
        NDArray matrix = basis;
        if (split) {
            matrix = basis.reshape(groups, rows / groups, frequencies);
            matrix = down ? matrix.swapAxes(1, 2) : matrix;
        } else {
            matrix = down ? basis.transpose() : basis;
        }
        long from = down && split ? rows / groups : down ? rows : frequencies;
        Shape places = shape.slice(2);
        NDArray mixed =
                matrix.matMul(
                        groups == 1
                                ? image.reshape(shape.get(0), from, places.size())
                                : image.reshape(shape.get(0), groups, from, places.size()));
        long channels = mixed.getShape().size() / shape.get(0) / places.size();
        return mixed.reshape(new Shape(shape.get(0), channels).addAll(places));
    }

    private NDArray wide(NDArray shift, NDManager scratch, Shape image) {
        NDArray view = shift.get(scratch, new NDIndex().addAllDim());
        if (form == LayerForm.LINEAR) {
            return view;
        }
        long[] extents = new long[image.dimension()];
        Arrays.fill(extents, 1);
        extents[1] = shift.size();
        return view.reshape(new Shape(extents));
    }

    /** Answers with the core in the weight's place, and with no bias where it comes later. */
    private final class CoreStore extends ParameterStore {

        private final ParameterStore store;
        private final NDArray core;
        private final boolean withoutBias;

        CoreStore(ParameterStore store, NDArray core, boolean withoutBias) {
            super(store.getManager(), false);
            this.store = store;
            this.core = core;
            this.withoutBias = withoutBias;
        }

        /** {@inheritDoc} */
        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            if (parameter == weight) {
                return core;
            }
            return parameter == null || parameter == bias && withoutBias
                    ? null
                    : store.getValue(parameter, device, training);
        }
    }
}
