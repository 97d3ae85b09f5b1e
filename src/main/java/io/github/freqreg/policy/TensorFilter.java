package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which tensors of a network a policy chooses.
 *
 * @param layerTypes the kinds of layer
 * @param parameterTypes the types of parameter
 * @param include a pattern that the name must match, if any
 * @param exclude a pattern that the name must not match, if any
 * @param shapes a test of the shape, if any
 * @param sparing whether a budget leaves parameters of a class with layers, other than weights,
 *     alone where they are few, since to wrap them is to wrap the class as a whole
 */
record TensorFilter(
        Set<LayerType> layerTypes,
        Set<Parameter.Type> parameterTypes,
        Optional<Pattern> include,
        Optional<Pattern> exclude,
        Optional<Predicate<Shape>> shapes,
        boolean sparing) {

    /** The kinds of layer that are chosen by default. */
    static final Set<LayerType> USUAL =
            EnumSet.of(
                    LayerType.CONVOLUTION,
                    LayerType.TRANSPOSED_CONVOLUTION,
                    LayerType.LINEAR,
                    LayerType.RECURRENT);

    /** All kinds of layer. */
    static final Set<LayerType> ALL = EnumSet.allOf(LayerType.class);

    /** The type of parameter that is chosen by default. */
    static final Set<Parameter.Type> WEIGHT = EnumSet.of(Parameter.Type.WEIGHT);

    /** The types of parameter that are trained; running statistics have none of these. */
    static final Set<Parameter.Type> TRAINED =
            EnumSet.of(
                    Parameter.Type.WEIGHT,
                    Parameter.Type.BIAS,
                    Parameter.Type.GAMMA,
                    Parameter.Type.BETA,
                    Parameter.Type.OTHER);

    /**
     * Checks the types.
     *
     * @throws IllegalArgumentException if there is no layer type or no parameter type
     */
    TensorFilter {
        if (layerTypes.isEmpty() || parameterTypes.isEmpty()) {
            throw new IllegalArgumentException(
                    "A policy needs at least one layer type and one parameter type, but has the layer"
                            + " types "
                            + layerTypes
                            + " and the parameter types "
                            + parameterTypes);
        }
    }

    /** Returns whether a tensor of a kind of layer is chosen, with the reason. */
    PlannedTensor plan(NetworkTensor tensor, LayerType layer) {
        Optional<Refusal> refusal = refusal(tensor, layer);
        String reason =
                refusal.map(Refusal::reason)
                        .orElseGet(() -> tensor.parameter().getType() + " of " + layer);
        TensorChoice choice =
                new TensorChoice(tensor.name(), layer, tensor.shape(), refusal.isEmpty(), reason);
        return new PlannedTensor(tensor, choice, refusal.flatMap(Refusal::remedy));
    }

    private Optional<Refusal> refusal(NetworkTensor tensor, LayerType layer) {
        Optional<String> obstacle = tensor.obstacle();
        Optional<String> untransformable = tensor.transformObstacle();
        Parameter.Type type = tensor.parameter().getType();
        Shape shape = tensor.shape();
        if (obstacle.isPresent()) {
            return Refusal.of(obstacle.get());
        } else if (matches(exclude, tensor)) {
            return Refusal.of("its name is excluded by " + exclude.get(), "optExclude");
        } else if (!layerTypes.contains(layer)) {
            return Refusal.of("layers of type " + layer + " are not chosen", "optLayerTypes");
        } else if (!parameterTypes.contains(type)) {
            return Refusal.of(
                    "parameters of type " + type + " are not chosen", "optParameterTypes");
        } else if (include.isPresent() && !matches(include, tensor)) {
            return Refusal.of("its name does not match " + include.get(), "optInclude");
        } else if (untransformable.isPresent()) {
            return Refusal.of(untransformable.get());
        } else if (shapes.isPresent() && shape != null && !shapes.get().test(shape)) {
            return Refusal.of("its shape is not chosen", "optShapes");
        }
        return Optional.empty();
    }

    private static boolean matches(Optional<Pattern> pattern, NetworkTensor tensor) {
        return pattern.isPresent() && pattern.get().matcher(tensor.name()).find();
    }

    /**
     * Why a tensor is left alone.
     *
     * @param reason in words
     * @param remedy the builder method that changes it, if one does
     */
    private record Refusal(String reason, Optional<String> remedy) {

        static Optional<Refusal> of(String reason) {
            return Optional.of(new Refusal(reason, Optional.empty()));
        }

        static Optional<Refusal> of(String reason, String remedy) {
            return Optional.of(new Refusal(reason, Optional.of(remedy)));
        }
    }
}
