package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterServer;
import ai.djl.training.ParameterStore;
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
final class RebuildingParameterStore extends ParameterStore {

    private final ParameterStore store;
    private final NDManager scratch;
    private final boolean training;
    private final Map<Parameter, SpectralParameter> spectral;
    private final Map<Parameter, Map<Device, NDArray>> answers = new IdentityHashMap<>();

    RebuildingParameterStore(
            ParameterStore store,
            NDManager scratch,
            boolean training,
            Map<Parameter, SpectralParameter> spectral) {
        super(store.getManager(), false);
        this.store = store;
        this.scratch = scratch;
        this.training = training;
        this.spectral = spectral;
    }

    /** {@inheritDoc} */
    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean forTraining) {
        SpectralParameter tensor = parameter == null ? null : spectral.get(parameter);
        if (tensor == null) {
            return store.getValue(parameter, device, forTraining);
        }
        return answersOf(tensor).computeIfAbsent(device, d -> answer(tensor, d));
    }

    private NDArray answer(SpectralParameter tensor, Device device) {
        NDArray vector = store.getValue(tensor.getCoefficients(), device, training);
        return training ? tensor.rebuild(vector, scratch) : tensor.weights(vector);
    }

    private Map<Device, NDArray> answersOf(SpectralParameter tensor) {
        return answers.computeIfAbsent(tensor.getDense(), dense -> new HashMap<>());
    }

    /** Records that the pass used the coefficients of a tensor directly. */
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
}
