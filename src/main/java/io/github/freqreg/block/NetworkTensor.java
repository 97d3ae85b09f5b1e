package io.github.freqreg.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SymbolBlock;
import io.github.freqreg.Internal;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A parameter of a network with its name, its owner and, if it is wrapped, its coefficients.
 *
 * @param name in the network, see {@link FrequencyBlocks#parameters(Block)}
 * @param parameter the parameter that the network shows: of a wrapped tensor, its coefficients
 * @param owner the block that owns it; of a wrapped layer, the {@link FrequencyBlock}
 * @param shape the shape of the dense tensor, or null if the network was not initialised when its
 *     tensors were listed
 * @param tied the other parameters of DJL's layers that hold the same array, by name
 * @param spectral the tensor in the frequency domain, if the parameter holds its coefficients
 * @param fresh whether its values, if it has any, are those before training
 */
@Internal
public record NetworkTensor(
        String name,
        Parameter parameter,
        Block owner,
        @Nullable Shape shape,
        Map<String, Parameter> tied,
        Optional<SpectralParameter> spectral,
        boolean fresh) {

    /** Takes a parameter as it is now. */
    static NetworkTensor of(
            String name,
            Parameter parameter,
            Block owner,
            Map<String, Parameter> tied,
            Optional<SpectralParameter> spectral) {
        // A parameter of a symbol block has an array but no shape of its own.
        Shape shape =
                spectral.isPresent()
                        ? spectral.get().getShape()
                        : parameter.isInitialized()
                                ? parameter.getArray().getShape()
                                : parameter.getShape();
        return new NetworkTensor(name, parameter, owner, shape, tied, spectral, false);
    }

    /**
     * Returns this tensor as one that is not trained yet.
     *
     * @return the tensor
     */
    public NetworkTensor asFresh() {
        return new NetworkTensor(name, parameter, owner, shape, tied, spectral, true);
    }

    /**
     * Returns whether the tensor has values that are worth keeping.
     *
     * @return false before initialisation, and for initial values
     */
    public boolean isTrained() {
        return parameter.isInitialized() && !fresh;
    }

    /**
     * Returns the shape of a tensor of an initialised network.
     *
     * @return the shape
     * @throws IllegalStateException if it is not known
     */
    public Shape knownShape() {
        if (shape == null) {
            throw new IllegalStateException("The shape of " + name + " is not known yet");
        }
        return shape;
    }

    /**
     * Counts the numbers that the network holds for the tensor.
     *
     * @return the kept coefficients, or the elements of a tensor that is not wrapped
     * @throws IllegalStateException if the shape is not known
     */
    public long numbers() {
        return spectral.isPresent() ? spectral.get().getKept() : knownShape().size();
    }

    /**
     * Returns whether the parameter is a running mean or variance of a normalisation layer. These
     * have no gradient.
     *
     * @return whether it is a running statistic
     */
    public boolean isRunningStatistic() {
        return parameter.getType() == Parameter.Type.RUNNING_MEAN
                || parameter.getType() == Parameter.Type.RUNNING_VAR;
    }

    /**
     * Returns how many numbers a file stores for a running statistic: its coefficients, if these
     * are at most half as many as its elements, or else the elements.
     *
     * @param elements the number of elements
     * @param frequencies the number of coefficients that rebuild the elements
     * @return the number of stored values
     */
    public static long storedStatistic(long elements, long frequencies) {
        return 2 * frequencies <= elements ? frequencies : elements;
    }

    /**
     * Returns why the tensor's block does not allow coefficients in its place.
     *
     * @return the reason, or nothing if it does
     */
    public Optional<String> obstacle() {
        String reason = null;
        if (spectral.isPresent()) {
            reason = "it is in the frequency domain already";
        } else if (owner instanceof FrequencyBlock) {
            reason = "its block is wrapped already";
        } else if (owner instanceof SymbolBlock && !isInModule()) {
            reason = "a SymbolBlock computes outside of DJL's parameter store";
        } else if (!isWritable()) {
            reason =
                    "the TorchScript network was loaded for inference: load it with"
                            + " TorchScript.load, or with the option trainParam=true";
        } else if (isRunningStatistic()) {
            reason = "a running statistic is not trained";
        }
        return Optional.ofNullable(reason);
    }

    /**
     * Returns why the tensor cannot be transformed.
     *
     * @return the reason, or nothing if it can
     */
    public Optional<String> transformObstacle() {
        String reason = null;
        if (shape != null && (shape.dimension() == 0 || shape.size() == 0)) {
            reason = "it has no axis to transform";
        } else if (parameter.isInitialized() && !isTransformable()) {
            reason = "its data type is " + parameter.getArray().getDataType();
        }
        return Optional.ofNullable(reason);
    }

    private boolean isTransformable() {
        DataType type = parameter.getArray().getDataType();
        return type == DataType.FLOAT32 || type == DataType.FLOAT64 || type == DataType.FLOAT16;
    }

    /**
     * Returns whether the tensor belongs to a TorchScript network.
     *
     * @return whether its memory is that of a module
     */
    public boolean isInModule() {
        return ScriptModules.isModule(owner);
    }

    /**
     * Returns whether the array of the parameter can be overwritten.
     *
     * @return false for one of a symbol block that was loaded for inference alone
     */
    public boolean isWritable() {
        return !(owner instanceof SymbolBlock)
                || !parameter.isInitialized()
                || InPlace.canWrite(parameter.getArray());
    }

    /**
     * Copies the dense tensor that the network computes with, outside of any gradient graph.
     *
     * @param manager the manager of the copy
     * @return the dense tensor, rebuilt if it is kept as coefficients
     */
    public NDArray copyDense(NDManager manager) {
        if (spectral.isPresent()) {
            return spectral.get().copyWeights(manager);
        }
        try (NDArray detached = parameter.getArray().stopGradient()) {
            NDArray copy = detached.duplicate();
            copy.attach(manager);
            return copy;
        }
    }
}
