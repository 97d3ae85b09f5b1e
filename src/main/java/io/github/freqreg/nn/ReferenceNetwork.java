package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/**
 * A network whose normalisation layers take their statistics from a {@link ReferenceBatch}.
 *
 * <p>In training, the references pass through the body before the inputs of each batch, and their
 * outputs are dropped. In inference, they pass through it alone, and only if {@link
 * ReferenceStatistics} has none for the network's current state.
 */
final class ReferenceNetwork extends AbstractBlock {

    private final ReferenceBatch references;
    private final Block body;
    private final Parameter gamma;
    private final Parameter beta;
    private final ReferenceStatistics statistics = new ReferenceStatistics();

    /**
     * Takes over the normalisation layers of a body.
     *
     * @param references whose layers the body contains
     * @param body the network without scales and shifts
     */
    ReferenceNetwork(ReferenceBatch references, Block body) {
        this.references = references;
        this.body = addChildBlock("body", body);
        List<ReferenceNorm> norms = new ArrayList<>();
        addNorms(body, norms);
        if (norms.isEmpty()) {
            throw new IllegalArgumentException(
                    "Expected a body with normalisation layers of these references, but there"
                            + " are none");
        }
        boolean repeated = new HashSet<>(norms).size() < norms.size();
        if (repeated || norms.stream().anyMatch(ReferenceNorm::hasNetwork)) {
            throw new IllegalArgumentException(
                    "A normalisation layer of these references belongs to a network already:"
                            + " each place of each network needs a layer of its own");
        }
        int channels = 0;
        for (ReferenceNorm norm : norms) {
            norm.join(this, channels);
            channels += norm.channels();
        }
        gamma = parameter("gamma", Parameter.Type.GAMMA, Initializer.ONES, channels);
        beta = parameter("beta", Parameter.Type.BETA, Initializer.ZEROS, channels);
    }

    private Parameter parameter(String name, Parameter.Type type, Initializer start, int channels) {
        return addParameter(
                Parameter.builder()
                        .setName(name)
                        .setType(type)
                        .optInitializer(start)
                        .optShape(new Shape(channels))
                        .build());
    }

    private void addNorms(Block block, List<ReferenceNorm> norms) {
        if (block instanceof ReferenceNorm norm && norm.isOf(references)) {
            norms.add(norm);
        }
        block.getChildren().values().forEach(child -> addNorms(child, norms));
    }

    /** Returns the scales of all normalisation layers. */
    Parameter gamma() {
        return gamma;
    }

    /** Returns the shifts of all normalisation layers. */
    Parameter beta() {
        return beta;
    }

    /** Returns what inference normalises with. */
    ReferenceStatistics statistics() {
        return statistics;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        checkInput(inputs.singletonOrThrow().getShape());
        return training ? train(store, inputs, params) : predict(store, inputs, params);
    }

    private void checkInput(Shape given) {
        Shape expected = references.shape();
        if (!Arrays.equals(given.slice(1).getShape(), expected.slice(1).getShape())) {
            throw new IllegalArgumentException(
                    "Expected inputs like the references, whose shape is "
                            + expected
                            + ", but their shape is "
                            + given);
        }
    }

    private NDList train(ParameterStore store, NDList inputs, PairList<String, Object> params) {
        NDArray input = inputs.singletonOrThrow();
        NDManager owner = input.getManager();
        NDList whole = new NDList();
        try (NDManager scratch = owner.newSubManager(input.getDevice())) {
            NDArray joined = references.create(scratch, input.getDataType()).concat(input, 0);
            joined.attach(owner);
            whole.add(joined);
        }
        NDIndex rest = new NDIndex(references.count() + ":");
        NDList outputs = new NDList();
        body.forward(store, whole, true, params)
                .forEach(output -> outputs.add(output.get(owner, rest)));
        return outputs;
    }

    private NDList predict(ParameterStore store, NDList inputs, PairList<String, Object> params) {
        NDArray input = inputs.singletonOrThrow();
        Device device = input.getDevice();
        DataType type = input.getDataType();
        List<NDArray> sources =
                getParameters().values().stream()
                        .map(parameter -> SourceStore.sourceOf(store, parameter, device))
                        .toList();
        List<Object> others = new ArrayList<>(Stateful.statesOf(body));
        others.add(type);
        if (store instanceof Stateful its) {
            others.add(its.getState());
        }
        NDManager owner = gamma.getArray().getManager();
        return statistics.computeWith(
                new ReferenceStatistics.State(device, owner, sources, others),
                () -> {
                    try (NDManager scratch = input.getManager().newSubManager(device)) {
                        NDArray alone = references.create(scratch, type);
                        body.forward(store, new NDList(alone), false, params).close();
                    }
                },
                () -> body.forward(store, inputs, false, params));
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        statistics.forget();
        super.clear();
    }

    /** {@inheritDoc} */
    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        checkInput(inputShapes[0]);
        body.initialize(manager, dataType, inputShapes);
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return body.getOutputShapes(inputShapes);
    }
}
