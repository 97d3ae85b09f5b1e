package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * Lets the trainable tensors of a TorchScript network require gradients in training passes only.
 *
 * <p>PyTorch compiles some networks, such as transformers, into parts that record a gradient graph
 * wherever a tensor requires one. DJL runs inference in a mode that refuses such a graph:
 * "Inference tensors cannot be saved for backward". Regularised tensors are outside of any graph
 * then; this class is for the tensors that are left alone.
 */
final class ModuleGradients {

    private final List<Parameter> parameters;
    private final List<NDArray> suspended = new ArrayList<>();
    private int inferences;

    /**
     * Takes the parameters of a block.
     *
     * @param leftAlone those that are not regularised; those that belong to no TorchScript network
     *     are ignored
     */
    ModuleGradients(List<Parameter> leftAlone) {
        parameters = leftAlone.stream().filter(ModuleGradients::isInModule).toList();
    }

    /** Returns whether a parameter belongs to a TorchScript network. */
    static boolean isInModule(Parameter parameter) {
        // DJL gives it an array but no shape.
        return parameter.isInitialized() && parameter.getShape() == null;
    }

    /** Begins a pass. */
    synchronized void begin(boolean training) {
        if (training) {
            for (Parameter each : parameters) {
                NDArray array = each.getArray();
                if (each.requiresGradient() && !array.hasGradient()) {
                    array.setRequiresGradient(true);
                }
            }
        } else if (inferences++ == 0) {
            for (Parameter each : parameters) {
                NDArray array = each.getArray();
                if (array.hasGradient()) {
                    array.setRequiresGradient(false);
                    suspended.add(array);
                }
            }
        }
    }

    /** Ends a pass. Gradients are required again when no inference is running. */
    synchronized void end(boolean training) {
        if (!training && --inferences == 0) {
            suspended.forEach(array -> array.setRequiresGradient(true));
            suspended.clear();
        }
    }
}
