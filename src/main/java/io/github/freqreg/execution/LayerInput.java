package io.github.freqreg.execution;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Internal;
import io.github.freqreg.nn.LazyMaps;
import io.github.freqreg.spectrum.GradientGraph;

/**
 * The single input of a layer, described without computing {@link LazyMaps}.
 *
 * @param list holds the input
 * @param manager of the input
 * @param shape of the input
 * @param type of its elements
 * @param device of the input
 */
@Internal
public record LayerInput(
        NDList list, NDManager manager, Shape shape, DataType type, Device device) {

    /**
     * Describes an input.
     *
     * @param list the inputs of a layer
     * @return the description of the input
     * @throws IndexOutOfBoundsException if there is not exactly one input
     */
    public static LayerInput of(NDList list) {
        return LazyMaps.projectable(list)
                .map(maps -> ofLazy(list, maps))
                .orElseGet(() -> ofArray(list));
    }

    private static LayerInput ofLazy(NDList list, LazyMaps maps) {
        return new LayerInput(
                list, list.getManager(), maps.getShape(), maps.getDataType(), maps.getDevice());
    }

    private static LayerInput ofArray(NDList list) {
        NDArray array = list.singletonOrThrow();
        return new LayerInput(
                list, array.getManager(), array.getShape(), array.getDataType(), array.getDevice());
    }

    /** Returns whether the gradient graph contains the input; a positive answer takes time. */
    boolean hasGradient() {
        return LazyMaps.projectable(list)
                .map(LazyMaps::inGraph)
                .orElseGet(() -> GradientGraph.contains(list.singletonOrThrow()));
    }

    /**
     * Returns whether there is exactly one input, without computing it.
     *
     * @param list the inputs of a layer
     * @return whether {@link #of} accepts them
     */
    public static boolean isOne(NDList list) {
        return LazyMaps.projectable(list).isPresent() || list.size() == 1;
    }
}
