package io.github.freqreg.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Internal;

/** A parameter store that computes values from smaller arrays. */
@Internal
public interface SourceStore extends Stateful {

    /**
     * Returns the array from which the value of a parameter follows, without computing the value.
     *
     * @param parameter any parameter
     * @param device of the value
     * @return the array; the value itself if nothing is computed
     */
    NDArray getSource(Parameter parameter, Device device);

    /**
     * Returns the array from which the value of a parameter in any store follows.
     *
     * @param store any store
     * @param parameter any parameter
     * @param device of the value
     * @return its source, or the value if the store is not a {@code SourceStore}
     */
    static NDArray sourceOf(ParameterStore store, Parameter parameter, Device device) {
        return store instanceof SourceStore its
                ? its.getSource(parameter, device)
                : store.getValue(parameter, device, false);
    }
}
