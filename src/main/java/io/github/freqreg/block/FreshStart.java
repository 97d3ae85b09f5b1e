package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.Internal;
import java.util.List;
import java.util.Optional;

/**
 * Reinitialises the weights of a network.
 *
 * <p>The archive of a TorchScript network does not say how its tensors were initialised; they are
 * drawn here. Weights of two or more axes get the variance of He and others (2015), 2 / n for n
 * elements of each entry of the first axis; other tensors of as many axes, such as embeddings of
 * positions, a standard deviation of {@value #OTHER_DEVIATION}. Biases and running means become 0,
 * other weights of one axis, as those of normalisation, and running variances 1. Other networks
 * draw with their own initialisers. Frozen tensors keep their values.
 */
@Internal
public final class FreshStart {

    private static final float OTHER_DEVIATION = 0.02f;

    private FreshStart() {}

    /**
     * Clears a network, or draws its values with the random numbers of the engine where arrays must
     * stay: in TorchScript networks, where several parameters hold one array, and beside frozen
     * tensors.
     *
     * @param root of the network, plain
     */
    public static void of(Block root) {
        List<NetworkTensor> tensors = NetworkTensors.of(root);
        if (tensors.stream().noneMatch(FreshStart::keepsArrays)) {
            root.clear();
        } else {
            tensors.stream().filter(FreshStart::isForgotten).forEach(FreshStart::draw);
        }
    }

    private static boolean keepsArrays(NetworkTensor tensor) {
        return tensor.isInModule()
                || !tensor.tied().isEmpty()
                || tensor.parameter().isInitialized() && !isForgotten(tensor);
    }

    private static boolean isForgotten(NetworkTensor tensor) {
        Parameter parameter = tensor.parameter();
        return parameter.isInitialized()
                && (parameter.requiresGradient() || tensor.isRunningStatistic());
    }

    private static void draw(NetworkTensor tensor) {
        NDArray array = tensor.parameter().getArray();
        try (NDManager scratch = array.getManager().newSubManager(array.getDevice())) {
            values(tensor, scratch)
                    .ifPresent(
                            each ->
                                    InPlace.overwrite(
                                            each.toType(array.getDataType(), false), array));
        }
    }

    private static Optional<NDArray> values(NetworkTensor tensor, NDManager scratch) {
        Parameter parameter = tensor.parameter();
        Shape shape = tensor.knownShape();
        if (!tensor.isInModule()) {
            return Optional.of(
                    parameter.getInitializer().initialize(scratch, shape, DataType.FLOAT32));
        }
        return shape.dimension() > 1
                ? Optional.of(matrix(parameter, scratch))
                : vector(parameter, scratch);
    }

    private static NDArray matrix(Parameter parameter, NDManager scratch) {
        Shape shape = parameter.getArray().getShape();
        float deviation =
                parameter.getType() == Parameter.Type.WEIGHT
                        ? (float) Math.sqrt(2.0 * shape.get(0) / shape.size())
                        : OTHER_DEVIATION;
        return scratch.randomNormal(0, deviation, shape, DataType.FLOAT32);
    }

    private static Optional<NDArray> vector(Parameter parameter, NDManager scratch) {
        Shape shape = parameter.getArray().getShape();
        return switch (parameter.getType()) {
            case BIAS, BETA, RUNNING_MEAN -> Optional.of(scratch.zeros(shape));
            case WEIGHT, GAMMA, RUNNING_VAR -> Optional.of(scratch.ones(shape));
            default -> Optional.empty();
        };
    }
}
