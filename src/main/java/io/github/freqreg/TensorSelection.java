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
        Shape shape = parameter.getShape();
        String refusal = null;
        if (candidate.owner() instanceof SymbolBlock) {
            refusal = "a SymbolBlock computes outside of DJL's parameter store";
        } else if (RunningStatistic.isOne(parameter)) {
            refusal = "a running statistic is not trained";
        } else if (exclude != null && exclude.matcher(candidate.name()).find()) {
            refusal = "its name is excluded by " + exclude;
        } else if (!layerTypes.contains(candidate.layer())) {
            refusal = "layers of type " + candidate.layer() + " are not chosen";
        } else if (!parameterTypes.contains(parameter.getType())) {
            refusal = "parameters of type " + parameter.getType() + " are not chosen";
        } else if (include != null && !include.matcher(candidate.name()).find()) {
            refusal = "its name does not match " + include;
        } else if (shape != null && (shape.dimension() == 0 || shape.size() == 0)) {
            refusal = "it has no axis to transform";
        } else if (parameter.isInitialized() && !isTransformable(parameter)) {
            refusal = "its data type is " + parameter.getArray().getDataType();
        } else if (shapes != null && shape != null && !shapes.test(shape)) {
            refusal = "its shape is not chosen";
        }
        return new TensorChoice(
                candidate.name(),
                candidate.layer(),
                shape,
                refusal == null,
                refusal == null ? parameter.getType() + " of " + candidate.layer() : refusal);
    }

    private static boolean isTransformable(Parameter parameter) {
        DataType type = parameter.getArray().getDataType();
        return type == DataType.FLOAT32 || type == DataType.FLOAT64 || type == DataType.FLOAT16;
    }
}
