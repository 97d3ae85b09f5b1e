package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.execution.PassMode;
import io.github.freqreg.execution.Strategy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes the forward passes of a {@link FrequencyBlock}: factored where that is cheaper, and
 * otherwise by running the wrapped block with rebuilt weights.
 */
final class ForwardPass {

    private static final Logger logger = LoggerFactory.getLogger(ForwardPass.class);

    private final Block block;
    private final Map<String, SpectralParameter> byName;
    private final Map<Parameter, SpectralParameter> spectral;
    private final ModuleGradients gradients;
    private final Optional<FactoredLayer> layer;
    private final CalledLayers called;
    private final boolean isNorm;
    private Strategy strategy;
    private boolean waitsInTraining;
    private boolean waits;
    private boolean warned;

    /**
     * Prepares the passes of a block.
     *
     * @param block the wrapped block
     * @param byName its regularised tensors by name
     * @param spectral the same by their dense parameters
     * @param leftAlone its other parameters
     * @param strategy how it computes
     */
    ForwardPass(
            Block block,
            Map<String, SpectralParameter> byName,
            Map<Parameter, SpectralParameter> spectral,
            List<Parameter> leftAlone,
            Strategy strategy) {
        this.block = block;
        this.strategy = strategy;
        this.byName = byName;
        this.spectral = spectral;
        gradients = new ModuleGradients(leftAlone);
        layer = FactoredLayer.of(block, spectral);
        called = CalledLayers.takeOver(block, spectral);
        isNorm = FusedNorm.canFuse(block);
    }

    /** Sets how the block computes. */
    void setStrategy(Strategy newStrategy) {
        strategy = newStrategy;
    }

    /** Returns the layers that can be computed factored, in the order of the block. */
    List<FactoredLayer> getLayers() {
        return layer.map(List::of).orElseGet(called::getLayers);
    }

    /** Restores the wrapped block as it was. */
    void release() {
        called.restore();
    }

    /**
     * Computes the block.
     *
     * @param parameterStore the caller's store
     * @param inputs of the block
     * @param training whether a gradient may be asked for
     * @param rebuilt runs the wrapped block with a store that answers with rebuilt weights
     * @return the outputs, on the manager of the inputs
     */
    NDList run(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            WrappedForward rebuilt) {
        NDManager owner = inputs.getManager();
        // Frees what is rebuilt for this pass; the gradient graph holds what it needs.
        try (NDManager scratch = owner.newSubManager()) {
            RebuildingParameterStore store =
                    new RebuildingParameterStore(
                            parameterStore, scratch, training, strategy, spectral);
            NDList outputs =
                    factored(store, inputs, training)
                            .orElseGet(
                                    () -> {
                                        writeModules(store, parameterStore, training);
                                        NDList result = forward(rebuilt, store, training);
                                        leave(scratch, result, owner);
                                        return result;
                                    });
            if (!store.wasAskedForAny()) {
                throw new IllegalStateException(
                        block.getClass().getName()
                                + " does not read its regularised parameters "
                                + byName.keySet()
                                + " through the ParameterStore, so they cannot be rebuilt:"
                                + " exclude it from the policy");
            }
            if (training && !warned) {
                warnOfUnread(store);
            }
            return outputs;
        }
    }

    private NDList forward(
            WrappedForward rebuilt, RebuildingParameterStore store, boolean training) {
        gradients.begin(training);
        try {
            return rebuilt.forward(store);
        } finally {
            gradients.end(training);
        }
    }

    /** Writes the weights of TorchScript networks, which ask no store, into their modules. */
    private void writeModules(
            RebuildingParameterStore store, ParameterStore coefficients, boolean training) {
        for (SpectralParameter tensor : byName.values()) {
            Optional<ModuleWeights> module = tensor.getModule();
            if (module.isEmpty()) {
                continue;
            }
            Parameter dense = tensor.getDense();
            Device device = dense.getArray().getDevice();
            NDArray vector = coefficients.getValue(tensor.getCoefficients(), device, training);
            if (training && module.get().isInGraphOf(vector)) {
                store.use(tensor);
                continue;
            }
            NDArray weights = store.getValue(dense, device, training);
            if (training) {
                module.get().assign(weights, vector);
            }
        }
    }

    /** Moves outputs to the inputs' manager, so that they outlive the arrays of their pass. */
    private static void leave(NDManager scratch, NDList outputs, NDManager owner) {
        for (NDArray output : outputs) {
            if (output.getManager() == scratch) {
                output.attach(owner);
            }
        }
    }

    /** Computes the output without dense weights, or returns nothing if they are to be rebuilt. */
    private Optional<NDList> factored(
            RebuildingParameterStore store, NDList inputs, boolean training) {
        if (isNorm) {
            return FusedNorm.forward(block, store, inputs, training);
        }
        return layer.flatMap(each -> each.forward(store, inputs, mode(training)));
    }

    private PassMode mode(boolean training) {
        if (training) {
            return waitsInTraining ? PassMode.FUSIBLE_TRAINING : PassMode.TRAINING;
        }
        return waits ? PassMode.FUSIBLE_INFERENCE : PassMode.INFERENCE;
    }

    /** Returns whether blocks that follow can be fused with this one. */
    boolean canFuse() {
        return layer.filter(FactoredLayer::canFuse).isPresent();
    }

    /**
     * Sets whether the output waits for what follows, before its channels are computed.
     *
     * @param inTraining in training passes
     * @param inInference in inferences
     */
    void setWaiting(boolean inTraining, boolean inInference) {
        waitsInTraining = inTraining;
        waits = inInference;
    }

    /** Only warns: the branch may be unused, or the child bypasses the store and never trains. */
    private void warnOfUnread(RebuildingParameterStore store) {
        List<String> unread =
                byName.entrySet().stream()
                        .filter(entry -> !store.wasAskedFor(entry.getValue()))
                        .map(Map.Entry::getKey)
                        .toList();
        if (!unread.isEmpty()) {
            warned = true;
            logger.warn(
                    "{} did not read {} through the ParameterStore in a training pass. If it reads"
                            + " them directly, they do not train: exclude them from the policy.",
                    block.getClass().getName(),
                    unread);
        }
    }

    /** Runs the wrapped block with a given store. */
    @FunctionalInterface
    interface WrappedForward {

        NDList forward(ParameterStore store);
    }
}
