package io.github.freqreg.block;

import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.Internal;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Operations on all {@link FrequencyBlock}s of a network.
 *
 * <p>Each method takes any block: a whole network, a part of it, or a single frequency block. The
 * methods that change a network must not run concurrently with others on it.
 */
public final class FrequencyBlocks {

    private FrequencyBlocks() {}

    /**
     * Returns whether a network is wrapped.
     *
     * @param block any block
     * @return whether it is or contains a {@link FrequencyBlock}
     */
    public static boolean isWrapped(Block block) {
        return !in(block).isEmpty();
    }

    /**
     * Returns the parameters of a network under the names that files and reports use.
     *
     * <p>These are the names of DJL's {@code getParameters()}, with one exception: a layer that was
     * wrapped before it was added to its parent has the name of the plain layer. A parameter that
     * occurs more than once is listed once, under its first name, and so are parameters that hold
     * one array.
     *
     * @param block any network
     * @return the parameters by name, in the network's order
     * @throws IllegalStateException if two parameters have the same name
     */
    public static Map<String, Parameter> parameters(Block block) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        NetworkTensors.of(block).forEach(each -> parameters.put(each.name(), each.parameter()));
        return parameters;
    }

    /**
     * Returns the regularised tensors of a network.
     *
     * @param block a wrapped network, initialised
     * @return the coefficients {@code c} of {@code w = IDCT(c)} of each tensor, by parameter name;
     *     of one with a start, those of its change from the start
     * @throws IllegalStateException if the network is not wrapped or not initialised
     */
    public static Map<String, FrequencyTensor> tensors(Block block) {
        Map<String, FrequencyTensor> tensors = new LinkedHashMap<>();
        initialized(block).forEach((name, tensor) -> tensors.put(name, tensor.toTensor()));
        return tensors;
    }

    /**
     * Returns how many coefficients each regularised tensor of a network keeps.
     *
     * @param block a wrapped network, initialised
     * @return the kept numbers, by parameter name
     * @throws IllegalStateException if the network is not wrapped or not initialised
     */
    public static Map<String, Integer> kept(Block block) {
        Map<String, Integer> kept = new LinkedHashMap<>();
        initialized(block).forEach((name, tensor) -> kept.put(name, tensor.getKept()));
        return kept;
    }

    private static Map<String, SpectralParameter> initialized(Block block) {
        wrapped(block).forEach(FrequencyBlock::checkInitialized);
        return NetworkTensors.spectral(block);
    }

    /**
     * Truncates the tail of every regularised tensor of a network (paper, section 3).
     *
     * <p>A tensor that was wrapped with s coefficients keeps {@code max(target, round(s ·
     * remaining))} of them, where the policy sets the target. A truncated coefficient never
     * returns. While a trainer lives, truncation only narrows a view; {@link #compact(Block)} frees
     * the tail.
     *
     * @param block a wrapped network, initialised
     * @param remaining the share of the starting coefficients that remains, from 0 to 1
     * @return the kept number of all regularised tensors together
     * @throws IllegalArgumentException if the share is out of range
     * @throws IllegalStateException if the network is not wrapped or not initialised
     */
    public static long truncate(Block block, double remaining) {
        List<SpectralParameter> tensors = initializedTensors(block);
        if (!(remaining >= 0 && remaining <= 1)) {
            throw new IllegalArgumentException(
                    "The remaining share must be 0 to 1 but is " + remaining);
        }
        long kept = 0;
        for (SpectralParameter tensor : tensors) {
            tensor.truncate(remaining);
            kept += tensor.getKept();
        }
        return kept;
    }

    /**
     * Frees the coefficients that truncation has cut.
     *
     * <p>Close the trainer first. A trainer on the model's own device goes on with the shorter
     * parameters and resets their optimiser moments. A trainer on other devices writes its values
     * back when it is closed, and what it has learned would be lost.
     *
     * @param block a wrapped network, initialised
     * @throws IllegalStateException if the network is not wrapped or not initialised
     */
    public static void compact(Block block) {
        initializedTensors(block).forEach(SpectralParameter::compact);
    }

    /** Returns the regularised tensors, without their names in the network. */
    private static List<SpectralParameter> initializedTensors(Block block) {
        List<SpectralParameter> tensors = new ArrayList<>();
        for (FrequencyBlock each : wrapped(block)) {
            each.checkInitialized();
            tensors.addAll(each.getSpectralParameters());
        }
        return tensors;
    }

    /**
     * Sets how the wrapped layers of a network compute. Layers that can only be rebuilt are rebuilt
     * with every strategy.
     *
     * @param block a wrapped network
     * @param strategy the strategy, {@link Strategy#AUTO} by default
     * @throws IllegalStateException if the network is not wrapped
     */
    public static void setStrategy(Block block, Strategy strategy) {
        wrapped(block).forEach(each -> each.getPass().setStrategy(strategy));
    }

    /**
     * Makes the network of a model plain again, see {@link #toDense(Block)}.
     *
     * @param model a model whose block is wrapped
     * @throws IllegalStateException as {@link #toDense(Block)}, or if the model has no block
     */
    public static void toDense(Model model) {
        model.setBlock(toDense(of(model)));
    }

    /**
     * Makes a network plain again: replaces every {@link FrequencyBlock} by the layer inside, with
     * weights that are rebuilt from the coefficients.
     *
     * <p>The plain network computes the same and no longer depends on this library. The frequency
     * blocks cannot be used afterwards.
     *
     * @param block a wrapped network, initialised
     * @return the plain network
     * @throws IllegalStateException if the network is not wrapped or not initialised, or if a class
     *     of the user's own holds a {@code FrequencyBlock} that cannot be replaced
     */
    public static Block toDense(Block block) {
        List<FrequencyBlock> all = wrapped(block);
        Set<Block> replaceable = ChildBlocks.replaceable(block);
        for (FrequencyBlock each : all) {
            if (!replaceable.contains(each)) {
                throw new IllegalStateException(
                        "The frequency block around "
                                + each.getWrappedType().getName()
                                + " belongs to a class whose children cannot be replaced: call"
                                + " FrequencyBlocks.toDense with that block alone, and build the"
                                + " class with the result");
            }
            each.checkInitialized();
        }
        Map<Block, Block> plain = new IdentityHashMap<>();
        return ChildBlocks.replace(
                block,
                b ->
                        b instanceof FrequencyBlock each
                                ? plain.computeIfAbsent(b, k -> each.release())
                                : Fusion.undo(b));
    }

    /**
     * Returns how the wrapped layers of a network computed their last passes.
     *
     * @param block a wrapped network
     * @return the layers that the cost model knows, in the network's order
     * @throws IllegalStateException if the network is not wrapped
     */
    @Internal
    public static List<LayerPick> picks(Block block) {
        List<FrequencyBlock> blocks = wrapped(block);
        Map<SpectralParameter, String> names = new IdentityHashMap<>();
        NetworkTensors.spectral(block).forEach((name, tensor) -> names.putIfAbsent(tensor, name));
        List<LayerPick> picks = new ArrayList<>();
        for (FrequencyBlock each : blocks) {
            for (FactoredLayer layer : each.getPass().getLayers()) {
                String name = names.getOrDefault(layer.getWeight(), "");
                String type = layer.getType().getSimpleName();
                layer.getPicks().forEach(pick -> picks.add(new LayerPick(name, type, pick)));
            }
        }
        return picks;
    }

    /**
     * Returns the block of a model.
     *
     * @param model a model
     * @return its block
     * @throws IllegalStateException if none is set
     */
    @Internal
    public static Block of(Model model) {
        if (model.getBlock() == null) {
            throw new IllegalStateException(
                    "The model " + model.getName() + " has no block: call setBlock first");
        }
        return model.getBlock();
    }

    private static List<FrequencyBlock> wrapped(Block block) {
        List<FrequencyBlock> blocks = in(block);
        if (blocks.isEmpty()) {
            throw new IllegalStateException(
                    "Expected a network with a frequency block, but "
                            + block.getClass().getName()
                            + " has none: apply a policy first");
        }
        return blocks;
    }

    /**
     * Returns the frequency blocks of a network.
     *
     * @param root any block
     * @return each block once, in the network's order
     */
    @Internal
    public static List<FrequencyBlock> in(Block root) {
        List<FrequencyBlock> found = new ArrayList<>();
        add(root, found, Collections.newSetFromMap(new IdentityHashMap<>()));
        return found;
    }

    private static void add(Block block, List<FrequencyBlock> found, Set<Block> seen) {
        if (!seen.add(block)) {
            return;
        }
        if (block instanceof FrequencyBlock frequencyBlock) {
            found.add(frequencyBlock);
        }
        block.getChildren().values().forEach(child -> add(child, found, seen));
    }
}
