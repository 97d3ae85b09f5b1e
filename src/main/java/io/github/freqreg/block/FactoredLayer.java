package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.freqreg.execution.LayerExecutor;
import io.github.freqreg.execution.LayerInput;
import io.github.freqreg.execution.LayerPass;
import io.github.freqreg.execution.PassMode;
import io.github.freqreg.execution.Pick;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A layer whose regularised weight can stay in the frequency domain.
 *
 * <p>Instances are safe for concurrent use.
 */
final class FactoredLayer {

    private final Block layer;
    private final LayerExecutor executor;
    private final SpectralParameter weight;

    private FactoredLayer(Block layer, LayerExecutor executor, SpectralParameter weight) {
        this.layer = layer;
        this.executor = executor;
        this.weight = weight;
    }

    /**
     * Returns the factored form of a layer.
     *
     * @param layer any block
     * @param spectral the regularised tensors by their dense parameters
     * @return the factored form, or nothing if the layer can only be computed with dense weights
     */
    static Optional<FactoredLayer> of(Block layer, Map<Parameter, SpectralParameter> spectral) {
        return LayerExecutor.of(layer)
                .flatMap(
                        executor ->
                                Optional.ofNullable(spectral.get(executor.getWeight()))
                                        .map(w -> new FactoredLayer(layer, executor, w)));
    }

    /** Returns the class of the layer. */
    Class<? extends Block> getType() {
        return layer.getClass();
    }

    /** Returns the regularised weight. */
    SpectralParameter getWeight() {
        return weight;
    }

    /** Returns how the last pass of each kind was computed. */
    List<Pick> getPicks() {
        return executor.getPicks();
    }

    /** Returns whether blocks that follow can be fused with the layer. */
    boolean canFuse() {
        return executor.canFuse();
    }

    /**
     * Computes the layer for a class that calls it: factored, if the store belongs to the pass of a
     * frequency block and this is cheaper, and otherwise by the layer itself.
     *
     * @param store the caller's store
     * @param inputs of the layer
     * @param training whether the caller is training
     * @param params the caller's parameters
     */
    NDList call(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        if (store instanceof RebuildingParameterStore pass) {
            PassMode mode = pass.isTraining() ? PassMode.TRAINING : PassMode.INFERENCE;
            return forward(pass, inputs, mode)
                    .orElseGet(() -> layer.forward(store, inputs, training, params));
        }
        return layer.forward(store, inputs, training, params);
    }

    /**
     * Computes the layer without its dense weight, if that is cheaper or asked for.
     *
     * @param store of the pass
     * @param inputs of the layer
     * @param mode what the output is for
     * @return the output on the inputs' manager, or nothing if the weight is to be rebuilt
     */
    Optional<NDList> forward(RebuildingParameterStore store, NDList inputs, PassMode mode) {
        if (!LayerInput.isOne(inputs)) {
            return Optional.empty();
        }
        LayerInput input = LayerInput.of(inputs);
        Device device = input.device();
        NDArray vector = store.coefficients(weight, device);
        if (vector.getDataType() != input.type() || vector.getDataType() == DataType.FLOAT16) {
            return Optional.empty();
        }
        Optional<NDList> outputs =
                executor.forward(
                        new LayerPass(
                                store.strategy(),
                                weight.transform(device),
                                () -> weight.rounded(vector, store.scratch()),
                                store.cores(weight, device),
                                store,
                                input,
                                mode));
        outputs.ifPresent(computed -> store.use(weight));
        return outputs;
    }
}
