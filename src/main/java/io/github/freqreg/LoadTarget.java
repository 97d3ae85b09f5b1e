package io.github.freqreg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network that is initialised on trial: to load numbers into it, or to learn the shapes of its
 * parameters.
 *
 * <p>Parameters that were not initialised become placeholders of next to no size, which the loader
 * replaces. {@link #undo} leaves the network as it was: no array, initialiser, shape or gradient of
 * a parameter, and no block's input shapes, are others than before.
 */
final class LoadTarget {

    private final Block block;
    private final List<Runnable> undo = new ArrayList<>();
    private final Map<Parameter, Initializer> fresh = new IdentityHashMap<>();

    /** Lets what is not initialised become placeholders, dense weights of wrapped ones included. */
    LoadTarget(Block block) {
        this.block = block;
        Map<Parameter, SpectralParameter> spectral = BlockTree.spectralParameters(block);
        for (Parameter parameter : BlockTree.parameters(block).values()) {
            if (!parameter.isInitialized()) {
                SpectralParameter tensor = spectral.get(parameter);
                Shape shape = (tensor == null ? parameter : tensor.getDense()).getShape();
                undo.add(
                        () -> {
                            if (tensor == null) {
                                parameter.close();
                                parameter.setShape(shape);
                            } else {
                                tensor.clear();
                                tensor.getDense().setShape(shape);
                            }
                        });
                fresh.put(
                        tensor == null ? parameter : tensor.getDense(), parameter.getInitializer());
                parameter.setInitializer(Placeholder.INITIALIZER);
            } else if (!parameter.getArray().hasGradient()) {
                undo.add(() -> parameter.getArray().setRequiresGradient(false));
            }
        }
        undo.add(BlockTree.rememberInputShapes(block));
    }

    /**
     * Initialises the network if it is not.
     *
     * @throws IllegalArgumentException if it does not take the inputs
     */
    void initialize(NDManager manager, DataType type, Shape... inputs) {
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

    /** Takes back what was initialised; the initialisers are put back by the other method. */
    void undo() {
        undo.forEach(Runnable::run);
    }

    /** Gives the initialisers back that there were, in the network as it is now. */
    void putInitializers(Block now) {
        fresh.forEach(Parameter::setInitializer);
        for (SpectralParameter tensor : BlockTree.spectralParameters(now).values()) {
            if (fresh.containsKey(tensor.getDense())) {
                tensor.getCoefficients().setInitializer(fresh.get(tensor.getDense()));
            }
        }
    }

    /** Puts values into a parameter, in its type and on its device. */
    void fill(Parameter parameter, NDArray values) {
        NDArray array = parameter.getArray();
        boolean trainable = array.hasGradient();
        try (NDArray there = values.toDevice(array.getDevice(), true);
                NDArray typed = there.toType(array.getDataType(), true)) {
            if (fresh.containsKey(parameter)) {
                NDArray own = typed.duplicate();
                own.attach(array.getManager());
                Placeholder.replace(parameter, own);
                return;
            }
            // Only an array without a gradient may be written to in place.
            array.setRequiresGradient(false);
            InPlace.copy(typed, array);
            array.setRequiresGradient(trainable);
        }
    }
}
