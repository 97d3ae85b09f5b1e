package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.github.freqreg.nn.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one tensor of a TorchScript network, which live in the memory of its module.
 *
 * <p>A TorchScript network reads its own tensors and asks no parameter store, so rebuilt weights
 * are copied into them before each pass. In a training pass the copy is part of the gradient graph:
 *
 * <pre>
 * c ─ IDCT ─▶ rebuilt weights ─ copy ─▶ tensor of the module ─ network ─▶ loss
 * </pre>
 *
 * <p>so one backward pass gives the gradient of the loss with respect to the coefficients c.
 * Several forward passes before a backward pass share one copy: PyTorch would refuse the gradients
 * of the earlier passes if their weights were overwritten. The weights always take memory, as a
 * module cannot run without them.
 *
 * <p>Several predictors may run at the same time once one of them has refreshed the weights; a
 * refresh does not wait for running predictors, as coefficients must not change while they run.
 */
final class ModuleWeights implements WeightCache {

    private final Parameter dense;
    private final RebuiltWeights.Rebuild rebuild;
    private @Nullable Snapshot snapshot;
    private @Nullable Graph graph;

    /**
     * Takes a tensor of a module.
     *
     * @param dense the parameter whose array is the module's tensor
     * @param rebuild rebuilds the weights from coefficients
     */
    ModuleWeights(Parameter dense, RebuiltWeights.Rebuild rebuild) {
        this.dense = dense;
        this.rebuild = rebuild;
    }

    /** {@inheritDoc} */
    @Override
    public synchronized NDArray of(NDArray vector) {
        NDArray weights = dense.getArray();
        // A pass without a graph must not enter one.
        if (graph == null && snapshot != null && snapshot.isOf(vector)) {
            return weights;
        }
        forget();
        NDManager manager = weights.getManager();
        try (NDManager scratch = manager.newSubManager(weights.getDevice());
                NDArray detached = vector.stopGradient()) {
            ModuleOperators.assign(weights, rebuild.weights(detached, scratch));
        }
        snapshot = snapshotOf(vector);
        return weights;
    }

    /**
     * Returns whether the module's tensor is in a gradient graph of these coefficients that no
     * backward pass has used up.
     *
     * @param vector the coefficients, trainable
     */
    synchronized boolean isInGraphOf(NDArray vector) {
        if (graph == null || snapshot == null || !snapshot.isOf(vector)) {
            return false;
        }
        try (NDArray gradient = vector.getGradient()) {
            // The first gradient comes in place of none, and has no earlier version.
            return graph.version == ModuleOperators.version(gradient)
                    && graph.gradient.isOf(gradient);
        }
    }

    /**
     * Copies rebuilt weights into the module, as a part of their gradient graph.
     *
     * @param weights the rebuilt weights, in a graph
     * @param vector the coefficients, trainable
     */
    synchronized void assign(NDArray weights, NDArray vector) {
        forget();
        ModuleOperators.assign(dense.getArray(), weights);
        snapshot = snapshotOf(vector);
        try (NDArray gradient = vector.getGradient()) {
            graph = new Graph(snapshotOf(gradient), ModuleOperators.version(gradient));
        }
    }

    private Snapshot snapshotOf(NDArray array) {
        return new Snapshot(array, dense.getArray().getManager());
    }

    /** {@inheritDoc} */
    @Override
    public synchronized void forget() {
        if (graph != null) {
            graph.gradient.close();
            graph = null;
        }
        if (snapshot != null) {
            snapshot.close();
            snapshot = null;
        }
    }

    /** {@inheritDoc} */
    @Override
    public void clear() {
        forget();
    }

    /** {@inheritDoc} */
    @Override
    public void discard() {
        forget();
    }

    /**
     * The graph that the module's tensor is in.
     *
     * @param gradient that of the coefficients when the graph began
     * @param version of the gradient
     */
    private record Graph(Snapshot gradient, long version) {}
}
