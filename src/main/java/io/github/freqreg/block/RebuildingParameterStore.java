package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
import io.github.freqreg.execution.Cores;
import io.github.freqreg.execution.Factorization;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.nn.SourceStore;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The parameter store that a wrapped block sees during one forward pass.
 *
 * <p>For a regularised parameter it returns the weights that are rebuilt from the coefficients; all
 * other requests go to the caller's store. This works for every block that reads its parameters
 * through the store, as DJL's own blocks do.
 */
final class RebuildingParameterStore extends ParameterStore implements SourceStore {

    private final ParameterStore store;
    private final NDManager scratch;
    private final boolean training;
    private final Strategy strategy;
    private final Map<Parameter, SpectralParameter> spectral;
    private final Map<Parameter, Map<Device, NDArray>> answers = new IdentityHashMap<>();
    private final Map<Place, Map<Factorization, NDArray>> cores = new HashMap<>();

    /**
     * Creates the store of one pass.
     *
     * @param store the caller's store
     * @param scratch owns what is rebuilt for this pass
     * @param training whether a gradient may be asked for
     * @param strategy how layers compute
     * @param spectral the regularised tensors by their dense parameters
     */
    RebuildingParameterStore(
            ParameterStore store,
            NDManager scratch,
            boolean training,
            Strategy strategy,
            Map<Parameter, SpectralParameter> spectral) {
        super(store.getManager(), false);
        this.store = store;
        this.scratch = scratch;
        this.training = training;
        this.strategy = strategy;
        this.spectral = spectral;
    }

    /** {@inheritDoc} */
    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean forTraining) {
        SpectralParameter tensor = parameter == null ? null : spectral.get(parameter);
        if (tensor == null) {
            NDArray value = store.getValue(parameter, device, forTraining);
            return training || value == null || !value.hasGradient() ? value : detached(value);
        }
        return answersOf(tensor).computeIfAbsent(device, d -> answer(tensor, d));
    }

    private NDArray answer(SpectralParameter tensor, Device device) {
        NDArray vector = store.getValue(tensor.getCoefficients(), device, training);
        return training ? tensor.rebuild(vector, scratch) : tensor.weights(vector);
    }

    /**
     * Returns the coefficients of a tensor: in a training pass those of the gradient graph, and
     * otherwise detached from it.
     */
    NDArray coefficients(SpectralParameter tensor, Device device) {
        NDArray vector = store.getValue(tensor.getCoefficients(), device, training);
        return training ? vector : detached(vector);
    }

    /** {@inheritDoc} */
    @Override
    public NDArray getSource(Parameter parameter, Device device) {
        SpectralParameter tensor = spectral.get(parameter);
        if (tensor == null) {
            return store.getValue(parameter, device, false);
        }
        use(tensor);
        return store.getValue(tensor.getCoefficients(), device, false);
    }

    /** {@inheritDoc} */
    @Override
    public Object getState() {
        return TensorState.of(spectral.values());
    }

    /**
     * Returns a trainable value without its gradient: in a predictor's thread it starts a graph.
     */
    private NDArray detached(NDArray value) {
        NDArray plain = value.stopGradient();
        plain.attach(scratch);
        return plain;
    }

    /**
     * Returns the cores of a tensor. In training, where the gradient graph holds them in any case,
     * they are kept for a layer that is called again.
     */
    Cores cores(SpectralParameter tensor, Device device) {
        if (!training) {
            return (way, core) -> core.get();
        }
        Map<Factorization, NDArray> known =
                cores.computeIfAbsent(
                        new Place(tensor, device), place -> new EnumMap<>(Factorization.class));
        return (way, core) ->
                known.computeIfAbsent(
                        way,
                        w -> {
                            NDArray computed = core.get();
                            computed.attach(scratch);
                            return computed;
                        });
    }

    /** Returns how layers compute. */
    Strategy strategy() {
        return strategy;
    }

    /** Returns the manager that lives as long as the pass. */
    NDManager scratch() {
        return scratch;
    }

    /** Returns whether a gradient may be asked for. */
    boolean isTraining() {
        return training;
    }

    private Map<Device, NDArray> answersOf(SpectralParameter tensor) {
        return answers.computeIfAbsent(tensor.getDense(), dense -> new HashMap<>());
    }

    /** Records that the pass used a tensor otherwise than by its weights. */
    void use(SpectralParameter tensor) {
        answersOf(tensor);
    }

    /** Returns whether the block has read any regularised parameter. */
    boolean wasAskedForAny() {
        return !answers.isEmpty();
    }

    /** Returns whether the block has read a regularised parameter. */
    boolean wasAskedFor(SpectralParameter tensor) {
        return answers.containsKey(tensor.getDense());
    }

    /** {@inheritDoc} */
    @Override
    public void setParameterServer(ParameterServer parameterServer, Device[] devices) {
        store.setParameterServer(parameterServer, devices);
    }

    /** {@inheritDoc} */
    @Override
    public void updateAllParameters() {
        store.updateAllParameters();
    }

    /** {@inheritDoc} */
    @Override
    public void sync() {
        store.sync();
    }

    /** A tensor on a device. */
    private record Place(SpectralParameter tensor, Device device) {}
}
