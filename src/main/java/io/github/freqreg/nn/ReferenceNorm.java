package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.nn.ReferenceStatistics.Affine;
import org.jspecify.annotations.Nullable;

/** A normalisation layer of a {@link ReferenceNetwork}. */
final class ReferenceNorm extends AbstractBlock {

    private static final float EPSILON = 1e-5f;
    private static final int[] ROW = {1};

    private final ReferenceBatch references;
    private final int channels;
    private @Nullable ReferenceNetwork network;

    /** The place of the first channel in the parameters of the network. */
    private int first;

    ReferenceNorm(ReferenceBatch references, int channels) {
        this.references = references;
        this.channels = channels;
    }

    boolean isOf(ReferenceBatch batch) {
        return references.equals(batch);
    }

    int channels() {
        return channels;
    }

    boolean hasNetwork() {
        return network != null;
    }

    /** Uses the scales and shifts of a network from a given channel on. */
    void join(ReferenceNetwork its, int firstChannel) {
        network = its;
        first = firstChannel;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (network == null) {
            throw new IllegalStateException(
                    "This normalisation layer belongs to no network: call"
                            + " ReferenceBatch.network with a body that contains it");
        }
        ReferenceNetwork its = network;
        NDArray input = inputs.singletonOrThrow();
        if (training) {
            checkReferences(input.getShape());
            try (NDManager scratch = input.getManager().newSubManager(input.getDevice())) {
                return apply(affine(its, store, input, true, scratch), input);
            }
        }
        Affine known =
                its.statistics()
                        .get(
                                input.getDevice(),
                                this,
                                scratch -> affine(its, store, input, false, scratch));
        return apply(known, input);
    }

    /** Checks that a batch begins with references. */
    private void checkReferences(Shape batch) {
        if (batch.get(0) < references.count()) {
            throw new IllegalStateException(
                    "Expected "
                            + references.count()
                            + " references before the inputs, but the batch has "
                            + batch.get(0)
                            + " examples: wrap the body by ReferenceBatch.network");
        }
    }

    /** Computes scale and shift from the references, the first examples of a batch. */
    private Affine affine(
            ReferenceNetwork its,
            ParameterStore store,
            NDArray batch,
            boolean training,
            NDManager scratch) {
        Shape vector = new Shape(channels);
        // The engine averages over one axis.
        NDArray rows =
                batch.get(scratch, new NDIndex(":" + references.count()))
                        .swapAxes(0, 1)
                        .reshape(vector.add(-1));
        NDArray mean = rows.mean(ROW, true);
        NDArray variance = rows.sub(mean).square().mean(ROW);
        Device device = batch.getDevice();
        NDArray scale =
                part(store.getValue(its.gamma(), device, training), scratch)
                        .div(variance.add(EPSILON).sqrt());
        scale.attach(scratch);
        NDArray shift =
                part(store.getValue(its.beta(), device, training), scratch)
                        .sub(mean.reshape(vector).mul(scale));
        shift.attach(scratch);
        return new Affine(scale, shift);
    }

    /** Returns the part of a parameter of the network that belongs to these channels. */
    private NDArray part(NDArray values, NDManager owner) {
        return values.get(owner, new NDIndex(first + ":" + (first + channels)));
    }

    private NDList apply(Affine affine, NDArray input) {
        Shape vector = new Shape(channels);
        try (NDManager scratch = input.getManager().newSubManager(input.getDevice())) {
            // With these statistics, the engine's kernel multiplies by the scale and adds the
            // shift.
            return input.getNDArrayInternal()
                    .batchNorm(
                            input,
                            scratch.zeros(vector, input.getDataType()),
                            scratch.ones(vector, input.getDataType()),
                            affine.scale(),
                            affine.shift(),
                            1,
                            0,
                            0,
                            false);
        }
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        long found = inputShapes[0].get(1);
        if (found != channels) {
            throw new IllegalArgumentException(
                    "Expected "
                            + channels
                            + " channels to normalise but the input has the shape "
                            + inputShapes[0]);
        }
        return inputShapes;
    }
}
