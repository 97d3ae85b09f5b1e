package io.github.freqreg.policy;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.List;

/** The small network under a policy: which tensors it chooses and how much of each it keeps. */
final class SmallNetwork {

    /** The small network has (3·4 + 4·6)·9 + 5·96 weights and 15 biases. */
    static final long SMALL_WEIGHTS = 36 * 9 + 480;

    static final long SMALL_BIASES = 15;

    private SmallNetwork() {}

    static FrequencyRegularizationBuilder policy() {
        return FrequencyRegularization.builder().paper();
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

    /** How many coefficients each regularised tensor keeps, in order. */
    static List<Integer> kept(Block block) {
        return List.copyOf(FrequencyBlocks.kept(block).values());
    }

    /** How many coefficients the tensors of the initialised network keep. */
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

    /** How many coefficients the tensors keep if the policy is applied before initialisation. */
    static List<Integer> keptOfFresh(FrequencyRegularizationBuilder policy) {
        Block block = policy.build().apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT);
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, TestModels.SMALL_INPUT);
            return kept(block);
        }
    }
}
