package io.github.freqreg.policy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.List;

/** The small network under different policies: what is chosen, and how much of it is kept. */
final class SmallNetwork {

    /** Numbers of the small network: (3·4 + 4·6)·9 + 5·96 weights and 15 biases. */
    static final long SMALL_WEIGHTS = 36 * 9 + 480;

    static final long SMALL_BIASES = 15;

    private SmallNetwork() {}

    static FrequencyRegularizationBuilder policy() {
        return FrequencyRegularization.builder();
    }

    static Model small() {
        return TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
    }

    /** The names of the chosen tensors. */
    static List<String> chosen(FrequencyRegularizationBuilder policy, Block block) {
        return policy.build().plan(block).stream()
                .filter(TensorChoice::regularized)
                .map(TensorChoice::name)
                .toList();
    }

    /** The kept numbers of all regularised tensors, in order. */
    static List<Integer> kept(Block block) {
        return List.copyOf(FrequencyBlocks.kept(block).values());
    }

    /** The kept numbers that a policy gives the small network. */
    static List<Integer> keptOfSmall(FrequencyRegularizationBuilder policy) {
        try (Model model = small()) {
            policy.build().apply(model);
            return kept(model.getBlock());
        }
    }

    static long numbers(Block block) {
        return block.getParameters().values().stream().mapToLong(p -> p.getShape().size()).sum();
    }

    static FrequencyRegularizationBuilder weights() {
        return policy().optParameterTypes(Parameter.Type.WEIGHT);
    }

    static List<String> chosenOfSmall(FrequencyRegularizationBuilder policy) {
        return policy.build().plan(TestModels.smallNetwork(), TestModels.SMALL_INPUT).stream()
                .filter(TensorChoice::regularized)
                .map(TensorChoice::name)
                .toList();
    }

    /** The kept numbers that a policy gives the small network before it is initialised. */
    static List<Integer> keptOfFresh(FrequencyRegularizationBuilder policy) {
        Block block = policy.build().apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, TestModels.SMALL_INPUT);
            return kept(block);
        }
    }
}
