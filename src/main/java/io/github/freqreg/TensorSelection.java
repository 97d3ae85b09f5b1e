package io.github.freqreg;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.SymbolBlock;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which tensors a policy takes.
 *
 * @param layerTypes the kinds of layer
 * @param parameterTypes the types of parameter
 * @param include what a name must have a match of, or null
 * @param exclude what a name must have no match of, or null
 * @param shapes which shapes, or null for all
 */
record TensorSelection(
        Set<LayerType> layerTypes,
        Set<Parameter.Type> parameterTypes,
        Pattern include,
        Pattern exclude,
        Predicate<Shape> shapes) {

    /** The choice for one parameter, and the reason. */
    TensorChoice choose(WrapPlan.Candidate candidate) {
        Parameter parameter = candidate.parameter();
        Refusal refusal = refusal(candidate);
        return new TensorChoice(
                candidate.name(),
                candidate.layer(),
                candidate.owner() instanceof FrequencyBlock wrapped
                        ? wrapped.getShape(parameter)
                        : candidate.shape(),
                refusal == null,
                refusal == null
                        ? parameter.getType() + " of " + candidate.layer()
                        : refusal.reason);
    }

    /**
     * Returns the builder method that lets a parameter be chosen, or null where none does or it is
     * chosen already.
     */
    String remedy(WrapPlan.Candidate candidate) {
        Refusal refusal = refusal(candidate);
        return refusal == null ? null : refusal.remedy;
    }

    private Refusal refusal(WrapPlan.Candidate candidate) {
        Parameter parameter = candidate.parameter();
        Shape shape = candidate.shape();
        if (candidate.owner() instanceof FrequencyBlock wrapped) {
            return new Refusal(
                    wrapped.isSpectral(parameter)
                            ? "it is in the frequency domain already"
                            : "its block is wrapped already",
                    null);
        } else if (candidate.owner() instanceof SymbolBlock) {
            return new Refusal("a SymbolBlock computes outside of DJL's parameter store", null);
        } else if (RunningStatistic.isOne(parameter)) {
            return new Refusal("a running statistic is not trained", null);
        } else if (exclude != null && exclude.matcher(candidate.name()).find()) {
            return new Refusal("its name is excluded by " + exclude, "optExclude");
        } else if (!layerTypes.contains(candidate.layer())) {
            return new Refusal(
                    "layers of type " + candidate.layer() + " are not chosen", "optLayerTypes");
        } else if (!parameterTypes.contains(parameter.getType())) {
            return new Refusal(
                    "parameters of type " + parameter.getType() + " are not chosen",
                    "optParameterTypes");
        } else if (include != null && !include.matcher(candidate.name()).find()) {
            return new Refusal("its name does not match " + include, "optInclude");
        } else if (shape != null && (shape.dimension() == 0 || shape.size() == 0)) {
            return new Refusal("it has no axis to transform", null);
        } else if (parameter.isInitialized() && !isTransformable(parameter)) {
            return new Refusal("its data type is " + parameter.getArray().getDataType(), null);
        } else if (shapes != null && shape != null && !shapes.test(shape)) {
            return new Refusal("its shape is not chosen", "optShapes");
        }
        return null;
    }

    private static boolean isTransformable(Parameter parameter) {
        DataType type = parameter.getArray().getDataType();
        return type == DataType.FLOAT32 || type == DataType.FLOAT64 || type == DataType.FLOAT16;
    }

    /**
     * Why a parameter is left alone.
     *
     * @param reason in words
     * @param remedy the builder method that changes it, or null if none does
     */
    private record Refusal(String reason, String remedy) {}
}
