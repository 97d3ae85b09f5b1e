package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
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
 * <p>so one backward pass gives the gradient of the loss with respect to the coefficients c. The
 * weights always take memory, as a module cannot run without them.
 *
 * <p>Several predictors may run at the same time once one of them has refreshed the weights; the
 * refresh itself waits for nobody, as coefficients do not change while predictors run.
 */
final class ModuleWeights implements WeightCache {

    private final Parameter dense;
    private final RebuiltWeights.Rebuild rebuild;
    private @Nullable NDArray snapshot;

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
        if (snapshot != null && snapshot.contentEquals(vector)) {
            return weights;
        }
        forget();
        NDManager manager = weights.getManager();
        try (NDManager scratch = manager.newSubManager(weights.getDevice());
                NDArray detached = vector.stopGradient()) {
            ModuleOperators.assign(weights, rebuild.weights(detached, scratch));
            NDArray copy = detached.duplicate();
            copy.attach(manager);
            snapshot = copy;
        }
        return weights;
    }

    /**
     * Copies rebuilt weights into the module, as a part of their gradient graph.
     *
     * @param weights the rebuilt weights, in a graph
     */
    synchronized void assign(NDArray weights) {
        // The tensor is in a graph now, which a pass without one must not enter.
        forget();
        ModuleOperators.assign(dense.getArray(), weights);
    }

    /** {@inheritDoc} */
    @Override
    public synchronized void forget() {
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
}
