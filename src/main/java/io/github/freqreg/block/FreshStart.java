package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.Internal;
import java.util.Optional;

/**
 * Makes a network forget what it has learned.
 *
 * <p>The parameters of DJL's layers are cleared, so that their initialisers draw new values. A
 * TorchScript network cannot be cleared, and its archive does not say how its tensors were
 * initialised; they are drawn here. Weights of two or more axes get the variance of He and others
 * (2015), 2 / n for n inputs; other tensors of as many axes, such as embeddings of positions, a
 * standard deviation of {@value #OTHER_DEVIATION}. Biases and running means become 0, weights of
 * normalisation and running variances 1.
 */
@Internal
public final class FreshStart {

    private static final float OTHER_DEVIATION = 0.02f;

    private FreshStart() {}

    /**
     * Clears a network, and draws the values of the TorchScript networks in it with the random
     * numbers of the engine.
     *
     * @param root of the network, plain
     */
    public static void of(Block root) {
        if (!hasModule(root)) {
            root.clear();
        } else if (ModuleOperators.isModule(root)) {
            root.getDirectParameters().values().forEach(FreshStart::draw);
        } else {
            root.getDirectParameters().values().forEach(Parameter::close);
            root.getChildren().values().stream().distinct().forEach(FreshStart::of);
        }
    }

    private static boolean hasModule(Block block) {
        return ModuleOperators.isModule(block)
                || block.getChildren().values().stream().anyMatch(FreshStart::hasModule);
    }

    private static void draw(Parameter parameter) {
        NDArray array = parameter.getArray();
        try (NDManager scratch = array.getManager().newSubManager(array.getDevice())) {
            Optional<NDArray> values =
                    array.getShape().dimension() > 1
                            ? Optional.of(matrix(parameter, scratch))
                            : vector(parameter, scratch);
            values.ifPresent(
                    each -> {
                        array.setRequiresGradient(false);
                        InPlace.copy(each.toType(array.getDataType(), false), array);
                        array.setRequiresGradient(parameter.requiresGradient());
                    });
        }
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
