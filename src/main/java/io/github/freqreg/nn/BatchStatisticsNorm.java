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
 * Batch normalisation without parameters. It uses the statistics of the current batch in training
 * and in inference, and applies no scale or shift.
 *
 * <p>For each channel c of an input (batch, channels, …),
 *
 * <pre>
 * y = (x - mean_c) / √(variance_c + ε)
 * </pre>
 *
 * <p>with the mean and the biased variance over the batch and all spatial axes. The output for one
 * input therefore depends on the other inputs of its batch.
 *
 * <p>This is the normalisation of the paper's UNet ({@code affine=False, track_running_stats=False}
 * in PyTorch). Safe for concurrent use.
 */
public final class BatchStatisticsNorm extends AbstractBlock {

    private static final float EPSILON = 1e-5f;

    private final float epsilon;

    /** Creates a layer with ε = 1e-5. */
    public BatchStatisticsNorm() {
        this(EPSILON);
    }

    /**
     * Creates a layer.
     *
     * @param epsilon ε, above 0
     * @throws IllegalArgumentException if ε is not above 0
     */
    public BatchStatisticsNorm(float epsilon) {
        if (!(epsilon > 0)) {
            throw new IllegalArgumentException("Epsilon must be above 0 but is " + epsilon);
        }
        this.epsilon = epsilon;
    }

    /**
     * Returns the term that is added to the variance.
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
            return maps.normalize(ChannelNorm.ofBatch(epsilon));
        }
        NDArray input = inputs.singletonOrThrow();
        Shape channels = new Shape(input.getShape().get(1));
        DataType type = input.getDataType();
        try (NDManager scratch = input.getManager().newSubManager(input.getDevice())) {
            // In training mode the engine updates running statistics but does not read them.
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
