package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The settings of a policy that choose tensors.
 *
 * @param <T> the builder
 */
abstract class TensorSelection<T extends TensorSelection<T>> {

    private Optional<Set<LayerType>> layerTypes = Optional.empty();
    private Optional<Set<Parameter.Type>> parameterTypes = Optional.empty();
    private Optional<Pattern> include = Optional.empty();
    private Optional<Pattern> exclude = Optional.empty();
    private Optional<Predicate<Shape>> shapes = Optional.empty();

    /** Returns this builder. */
    abstract T self();

    /**
     * Sets the kinds of layer that are wrapped: with a budget all kinds by default, otherwise
     * convolutions, transposed convolutions, linear and recurrent layers.
     *
     * @param types the kinds, at least one
     * @return this builder
     */
    public T optLayerTypes(LayerType... types) {
        layerTypes = Optional.of(Set.of(types));
        return self();
    }

    /**
     * Sets the types of parameter that are wrapped. By default only weights are; with a budget, see
     * {@link FrequencyRegularizationBuilder#optBudget}.
     *
     * @param types the types, at least one
     * @return this builder
     */
    public T optParameterTypes(Parameter.Type... types) {
        parameterTypes = Optional.of(Set.of(types));
        return self();
    }

    /**
     * Wraps only tensors whose names match a pattern.
     *
     * @param names the pattern
     * @return this builder
     */
    public T optInclude(String names) {
        include = Optional.of(Pattern.compile(names));
        return self();
    }

    /**
     * Does not wrap tensors whose names match a pattern.
     *
     * @param names the pattern
     * @return this builder
     */
    public T optExclude(String names) {
        exclude = Optional.of(Pattern.compile(names));
        return self();
    }

    /**
     * Wraps only tensors whose shapes pass a test.
     *
     * @param predicate the test
     * @return this builder
     */
    public T optShapes(Predicate<Shape> predicate) {
        shapes = Optional.of(predicate);
        return self();
    }

    /**
     * Returns the filter.
     *
     * @param allLayers whether all kinds of layer are chosen by default
     * @param allTypes whether all trained parameters are chosen by default
     * @param sparing whether few parameters of a class with layers are left alone by default
     */
    final TensorFilter filter(boolean allLayers, boolean allTypes, boolean sparing) {
        return new TensorFilter(
                layerTypes.orElse(allLayers ? TensorFilter.ALL : TensorFilter.USUAL),
                parameterTypes.orElse(allTypes ? TensorFilter.TRAINED : TensorFilter.WEIGHT),
                include,
                exclude,
                shapes,
                sparing && parameterTypes.isEmpty());
    }
}
