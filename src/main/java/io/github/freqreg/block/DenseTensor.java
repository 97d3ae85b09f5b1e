package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The dense weights of a regularised tensor: an array that one parameter holds, or several tied
 * ones.
 *
 * <p>DJL does not know of ties, and a parameter would keep an array that another one has closed. So
 * every change of the array, and of whether it is trained, is made to all parameters.
 */
final class DenseTensor {

    private final List<Parameter> parameters = new ArrayList<>();

    /**
     * Takes the parameters of an array.
     *
     * @param first the parameter whose name the tensor has
     * @param tied the other parameters
     */
    DenseTensor(Parameter first, Collection<Parameter> tied) {
        parameters.add(first);
        parameters.addAll(tied);
    }

    /** Returns the parameter whose name the tensor has. */
    Parameter first() {
        return parameters.get(0);
    }

    /** Returns all parameters. */
    List<Parameter> parameters() {
        return parameters;
    }

    NDArray getArray() {
        return first().getArray();
    }

    Initializer getInitializer() {
        return first().getInitializer();
    }

    void freeze(boolean freeze) {
        parameters.forEach(each -> each.freeze(freeze));
    }

    void setInitializer(Initializer initializer) {
        parameters.forEach(each -> each.setInitializer(initializer));
    }

    /** Replaces the array and closes the old one. */
    void replace(NDArray array) {
        parameters.forEach(each -> Placeholder.replace(each, array));
    }

    void close() {
        parameters.forEach(Parameter::close);
    }
}
