package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBaseBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import io.github.freqreg.Internal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A temporary initialisation of a network, to find out the shapes of its parameters or to load
 * values into it.
 *
 * <p>Parameters that are not initialised get a {@link Placeholder}, which takes no memory and which
 * a loader replaces. {@link #undo} restores every array, shape and gradient of a parameter and the
 * input shapes of every block. {@link #putInitializers} restores the initialisers; it must be
 * called in any case.
 */
@Internal
public final class TrialInitialization {

    private static final PrivateField<AbstractBaseBlock, Shape[]> INPUT_SHAPES =
            new PrivateField<>(AbstractBaseBlock.class, "inputShapes", Shape[].class);

    private final Block block;
    private final List<Runnable> undo = new ArrayList<>();
    private final Map<Parameter, Initializer> fresh = new IdentityHashMap<>();

    /**
     * Prepares a network: parameters without values will get placeholders, and so will the dense
     * weights of wrapped layers.
     *
     * @param block the network
     */
    public TrialInitialization(Block block) {
        this.block = block;
        NetworkTensors.of(block).forEach(this::prepare);
        rememberInputShapes(block, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    private void prepare(NetworkTensor tensor) {
        Parameter parameter = tensor.parameter();
        if (parameter.isInitialized()) {
            if (!parameter.getArray().hasGradient()) {
                undo.add(() -> parameter.getArray().setRequiresGradient(false));
            }
            return;
        }
        undo.add(
                () ->
                        tensor.spectral()
                                .ifPresentOrElse(SpectralParameter::clear, parameter::close));
        List<Parameter> dense =
                tensor.spectral()
                        .map(spectral -> spectral.getDenseTensor().parameters())
                        .orElse(List.of(parameter));
        for (Parameter each : dense) {
            Shape shape = each.getShape();
            undo.add(() -> each.setShape(shape));
            fresh.put(each, parameter.getInitializer());
        }
        parameter.setInitializer(Placeholder.INITIALIZER);
    }

    private void rememberInputShapes(Block each, Set<Block> seen) {
        if (!INPUT_SHAPES.isOpen() || !seen.add(each)) {
            return;
        }
        if (each instanceof AbstractBaseBlock base) {
            Shape[] shapes = INPUT_SHAPES.get(base);
            undo.add(() -> INPUT_SHAPES.set(base, shapes));
        }
        if (each instanceof FrequencyBlock wrapper) {
            rememberInputShapes(wrapper.getWrapped(), seen);
        }
        if (each instanceof StandIn standIn) {
            rememberInputShapes(standIn.getOriginal(), seen);
        }
        each.getChildren().values().forEach(child -> rememberInputShapes(child, seen));
    }

    /**
     * Initialises the network if it is not initialised yet.
     *
     * @param manager of the placeholders
     * @param type of the parameters
     * @param inputs the shapes of the network's inputs
     * @throws IllegalArgumentException if it does not take the inputs
     */
    public void initialize(NDManager manager, DataType type, Shape... inputs) {
        if (block.isInitialized()) {
            return;
        }
        try {
            block.initialize(manager, type, inputs);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "expected shapes of inputs that the network takes but found "
                            + Arrays.toString(inputs)
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** Restores the network, except for the initialisers, see {@link #putInitializers}. */
    public void undo() {
        undo.forEach(Runnable::run);
    }

    /**
     * Restores the initialisers.
     *
     * @param now the network, which may have been wrapped since
     */
    public void putInitializers(Block now) {
        fresh.forEach(Parameter::setInitializer);
        for (SpectralParameter tensor : NetworkTensors.spectral(now).values()) {
            if (fresh.containsKey(tensor.getDense())) {
                tensor.getCoefficients().setInitializer(fresh.get(tensor.getDense()));
            }
        }
    }

    /**
     * Sets the values of a parameter.
     *
     * @param parameter of the network
     * @param values of its shape, which are converted to its type and copied to its device
     */
    public void fill(Parameter parameter, NDArray values) {
        NDArray array = parameter.getArray();
        try (NDArray there = values.toDevice(array.getDevice(), true);
                NDArray typed = there.toType(array.getDataType(), true)) {
            if (fresh.containsKey(parameter)) {
                NDArray own = typed.duplicate();
                own.attach(array.getManager());
                Placeholder.replace(parameter, own);
                return;
            }
            InPlace.overwrite(typed, array);
        }
    }
}
