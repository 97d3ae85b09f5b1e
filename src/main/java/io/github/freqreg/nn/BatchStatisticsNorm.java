package io.github.freqreg.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/**
 * Batch normalisation that holds no number: by the statistics of the batch at hand, in training and
 * in inference, without scale and shift.
 *
 * <p>For each channel c of an input (batch, channels, …), over the batch and all other axes,
 *
 * <pre>
 * y = (x - mean_c) / √(variance_c + ε),   the variance being the mean square deviation.
 * </pre>
 *
 * <p>It is what the paper's UNet uses ({@code affine=False, track_running_stats=False} in PyTorch).
 * What it gives for one input depends on the others of its batch. Safe for concurrent use.
 */
public final class BatchStatisticsNorm extends AbstractBlock {

    private static final float EPSILON = 1e-5f;

    private final float epsilon;

    /** Makes a layer with an ε of 1e-5. */
    public BatchStatisticsNorm() {
        this(EPSILON);
    }

    /**
     * Makes a layer.
     *
     * @param epsilon what is added to the variance, above 0
     * @throws IllegalArgumentException if ε is not above 0
     */
    public BatchStatisticsNorm(float epsilon) {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("Epsilon must be above 0 but is " + epsilon);
        }
        this.epsilon = epsilon;
    }

    /**
     * Returns what is added to the variance.
     *
     * @return ε
     */
    public float getEpsilon() {
        return epsilon;
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (inputs instanceof LazyMaps maps && maps.canNormalize()) {
            return maps.normalize(epsilon);
        }
        NDArray input = inputs.singletonOrThrow();
        Shape channels = new Shape(input.getShape().get(1));
        DataType type = input.getDataType();
        try (NDManager scratch = input.getManager().newSubManager(input.getDevice())) {
            // The engine's running statistics are given away; in its training mode it reads none.
            return input.getNDArrayInternal()
                    .batchNorm(
                            input,
                            scratch.zeros(channels, type),
                            scratch.ones(channels, type),
                            scratch.ones(channels, type),
                            scratch.zeros(channels, type),
                            -1,
                            1f,
                            epsilon,
                            true);
        }
    }

    /** {@inheritDoc} */
    @Override
    public Shape[] getOutputShapes(Shape[] shapes) {
        return new Shape[] {shapes[0]};
    }
}
