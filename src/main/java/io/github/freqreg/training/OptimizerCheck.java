package io.github.freqreg.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Arrays;
import java.util.List;

/**
 * Detects that a network is trained by another optimiser than the expected one.
 *
 * <p>A DJL trainer does not expose its optimiser. This check compares the sums of all parameters
 * after each batch until the expected optimiser has counted an update. If the parameters change
 * before that, another optimiser changed them.
 */
final class OptimizerCheck {

    private final Adam expected;
    private final long callsAtBegin;
    private boolean confirmed;

    /** The sums after the previous batch; empty before the first. */
    private float[] lastSums = {};

    /** Creates a check at the beginning of a training. */
    OptimizerCheck(Adam expected) {
        this.expected = expected;
        callsAtBegin = expected.getCalls();
    }

    /**
     * Checks a network after a batch.
     *
     * @throws IllegalStateException if another optimiser has updated the network
     */
    void afterBatch(Block block) {
        confirmed |= expected.getCalls() != callsAtBegin;
        if (confirmed) {
            return;
        }
        float[] sums = sums(block);
        if (lastSums.length > 0 && !Arrays.equals(lastSums, sums)) {
            throw new IllegalStateException(
                    "The network is updated by another optimiser than the one of its"
                            + " ByteBudget: give optOptimizer the Adam that the"
                            + " TrainingConfig has");
        }
        lastSums = sums;
    }

    private static float[] sums(Block block) {
        List<Parameter> parameters =
                block.getParameters().values().stream()
                        .filter(Parameter::requiresGradient)
                        .toList();
        float[] sums = new float[parameters.size()];
        for (int i = 0; i < sums.length; i++) {
            NDArray array = parameters.get(i).getArray();
            try (NDManager scratch = array.getManager().newSubManager();
                    NDArray plain = array.stopGradient()) {
                plain.attach(scratch);
                sums[i] = plain.sum().toType(DataType.FLOAT32, false).getFloat();
            }
        }
        return sums;
    }
}
