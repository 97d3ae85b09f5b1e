package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.nn.SymbolBlock;
import io.github.freqreg.block.ModuleOperators;
import io.github.freqreg.block.ScriptModules;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Loads TorchScript networks so that all of their numbers can be compressed and trained.
 *
 * <p>{@code Model.load} with the option {@code trainParam=true} loads such a network, too, but
 * shows only its parameters. Here the running means and variances of batch normalisation are shown
 * as well, as parameters that are not trained, so that a {@code .frq} file contains them. Archives
 * and skeletons are loaded alike; the elements of a skeleton are zeros, see {@link
 * TorchScriptSkeleton}.
 */
public final class TorchScript {

    private TorchScript() {}

    /**
     * Loads a network.
     *
     * @param manager the manager of its tensors, of the PyTorch engine: that of the model whose
     *     block the network becomes
     * @param archive the path of an archive that {@code torch.jit.save} has written, or of a
     *     skeleton
     * @return the network, a {@code PtSymbolBlock} in inference mode. Parameters that do not
     *     require a gradient in the archive are frozen, unless none does
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the archive is damaged, a tensor is larger than its
     *     storage, or the weights are constants, quantised or packed; the message starts with the
     *     path and says what to do
     */
    public static SymbolBlock load(NDManager manager, Path archive)
            throws IOException, MalformedModelException {
        String engine = manager.getEngine().getEngineName();
        if (!engine.equals("PyTorch")) {
            throw new IllegalArgumentException(
                    archive + ": expected a manager of the engine PyTorch, but it is of " + engine);
        }
        byte[] content = TorchScriptSkeleton.withValues(archive);
        SymbolBlock network;
        try {
            network = ScriptModules.load(manager, content);
        } catch (EngineException e) {
            throw new MalformedModelException(archive + ": " + e.getMessage(), e);
        }
        List<Parameter> parameters = network.getDirectParameters().values();
        boolean allFrozen = parameters.stream().noneMatch(each -> each.getArray().hasGradient());
        for (Parameter parameter : parameters) {
            boolean frozen = !allFrozen && !parameter.getArray().hasGradient();
            ModuleOperators.allocate(parameter.getArray());
            parameter.freeze(frozen || !isTrainable(parameter));
            // A trainer lets the array require gradients; inference alone must not.
            parameter.getArray().setRequiresGradient(false);
        }
        return network;
    }

    private static boolean isTrainable(Parameter parameter) {
        Parameter.Type type = parameter.getType();
        return type != Parameter.Type.RUNNING_MEAN
                && type != Parameter.Type.RUNNING_VAR
                && parameter.getArray().getDataType().isFloating();
    }
}
