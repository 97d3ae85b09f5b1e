package io.github.freqreg.execution;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Convolution;
import io.github.freqreg.Internal;
import io.github.freqreg.execution.CostModel.Traffic;
import io.github.freqreg.spectrum.SplitAxes;
import io.github.freqreg.spectrum.ZigzagMask;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides how a layer computes, and computes it without its dense weight where that is cheaper.
 *
 * <p>The kept coefficients lie in a box of A frequencies along the output channels and B along the
 * input channels. Let S be this box, rebuilt along the kernel's axes only, and D the cosine basis
 * of an axis. Then
 *
 * <pre>
 * w[o, i, …] = Σ_a Σ_b D_out[o, a] · S[a, b, …] · D_in[i, b]
 * layer(x, w) = D_out · layer(D_inᵀ · x, S)
 * </pre>
 *
 * <p>The layer itself, with all its options, runs on B instead of all input channels and on A
 * instead of all output channels. The backward pass needs the projected input only. A weight that
 * starts at the identity is the sum of such a product and the identity, for which the input is
 * added to the output, see {@code IdentityMaps}. A weight with a seeded start is no such product,
 * and is rebuilt. With groups, the channels of each group are projected by the same basis, or by
 * the group's rows of it.
 *
 * <p>Instances are safe for concurrent use.
 */
@Internal
public final class LayerExecutor {

    private static final Logger logger = LoggerFactory.getLogger(LayerExecutor.class);

    private final Block layer;
    private final ChannelLayout layout;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private volatile Optional<Pick> inference = Optional.empty();
    private volatile Optional<Pick> training = Optional.empty();

    private LayerExecutor(Block layer, ChannelLayout layout) {
        this.layer = layer;
        this.layout = layout;
        weight = layer.getDirectParameters().get("weight");
        bias = layer.getDirectParameters().get("bias");
    }

    /**
     * Returns an executor for a layer.
     *
     * @param layer any block
     * @return the executor, or nothing for a block that can only be computed with rebuilt weights
     */
    public static Optional<LayerExecutor> of(Block layer) {
        return ChannelLayout.of(layer).map(layout -> new LayerExecutor(layer, layout));
    }

    /**
     * Returns whether a layer is a convolution of one of DJL's own classes, without groups.
     *
     * @param layer any block
     * @return false also for subclasses, which may compute something else
     */
    public static boolean isPlainConvolution(Block layer) {
        return ChannelLayout.of(layer).filter(ChannelLayout.CONVOLUTION::equals).isPresent()
                && ((Convolution) layer).getGroups() == 1;
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
     * Returns whether blocks that follow can be fused with the layer.
     *
     * @return true for convolutions, including transposed ones
     */
    public boolean canFuse() {
        return layout != ChannelLayout.LINEAR;
    }

    /**
     * Returns how the last passes were computed.
     *
     * @return the last inference and the last training pass, as far as there were any
     */
    public List<Pick> getPicks() {
        return Stream.of(inference, training).flatMap(Optional::stream).toList();
    }

    private Factorization pick(LayerPass pass, SplitAxes axes, LayerSizes sizes) {
        Strategy strategy = pass.strategy();
        if (strategy == Strategy.REBUILD || sizes.isEmpty() || !canFactor(pass)) {
            return Factorization.REBUILD;
        }
        boolean projects = mixes(axes, layout.in);
        boolean expands = mixes(axes, layout.out);
        List<Factorization> ways = new ArrayList<>();
        for (Factorization way :
                strategy == Strategy.AUTO ? Factorization.ALL : Factorization.FACTORED) {
            if ((projects || !way.projects()) && (expands || !way.expands())) {
                ways.add(way);
            }
        }
        return ways.isEmpty()
                ? Factorization.REBUILD
                : CostModel.pick(ways, sizes, pass.training());
    }

    /** Returns whether the start of the weight, if it has one, can be added to the output. */
    private boolean canFactor(LayerPass pass) {
        return pass.transform().getStart().isEmpty()
                || pass.startsAtIdentity()
                        && isPlainConvolution(layer)
                        && IdentityMaps.fit((Convolution) layer);
    }

    /**
     * Returns whether the channels of an axis can stay in the frequency domain: if there is more
     * than one, and, except in linear layers, if the axis is not split.
     */
    private boolean mixes(SplitAxes axes, int axis) {
        return weight.getShape().get(axis) > 1
                && (layout == ChannelLayout.LINEAR || axes.whole(axis).isPresent());
    }

    /**
     * Computes the layer without its dense weight, if the strategy asks for it or it is cheaper.
     *
     * @param pass what is computed
     * @return the output on the input's manager, or nothing if the weight is to be rebuilt
     */
    public Optional<NDList> forward(LayerPass pass) {
        ZigzagMask mask = pass.transform().getMask();
        Shape shape = weight.getShape();
        // The mask may split the weight's axes.
        SplitAxes axes = SplitAxes.of(shape, mask.getShape());
        Shape given = pass.input().shape();
        Shape output = layer.getOutputShapes(new Shape[] {given})[0];
        LayerSizes plain = LayerSizes.of(layout, shape, axes, mask.getBox(), given, output);
        LayerSizes sizes = pass.startsAtIdentity() ? plain.withIdentity() : plain;
        Factorization way = pick(pass, axes, sizes);
        // The callback may outlive the pass, so it must not refer to the pass and its input.
        Shape input = pass.input().shape();
        boolean ofTraining = pass.training();
        Consumer<Traffic> note = traffic -> note(input, ofTraining, way, sizes, traffic);
        if (way == Factorization.REBUILD) {
            note.accept(Traffic.WHOLE);
            return Optional.empty();
        }
        FactoredPass factored =
                new FactoredPass(layer, layout, pass, way, sizes, axes, weight, bias);
        return Optional.of(factored.run(note));
    }

    /** Records how a pass was computed, for the report. */
    private void note(
            Shape input, boolean ofTraining, Factorization way, LayerSizes sizes, Traffic traffic) {
        if (sizes.isEmpty()) {
            return;
        }
        double cost = CostModel.cost(way, sizes, traffic, ofTraining);
        Pick pick =
                new Pick(
                        input,
                        ofTraining,
                        way,
                        traffic.output() != MapUse.STORED,
                        cost,
                        CostModel.dense(sizes, ofTraining));
        Optional<Pick> now = Optional.of(pick);
        if (!now.equals(ofTraining ? training : inference)) {
            logger.debug(
                    "{} with a weight {}, input {}, {}: {}",
                    layer.getClass().getSimpleName(),
                    weight.getShape(),
                    input,
                    ofTraining ? "training" : "inference",
                    pick);
        }
        if (ofTraining) {
            training = now;
        } else {
            inference = now;
        }
    }
}
