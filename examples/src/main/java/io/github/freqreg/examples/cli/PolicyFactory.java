package io.github.freqreg.examples.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.freqreg.examples.tasks.Heads;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.policy.TensorChoice;
import java.util.List;
import java.util.OptionalLong;

/**
 * Builds the regularisation policy from the options of {@code train}.
 *
 * @param network the network to train
 * @param amount the options of how much is kept
 * @param bytes the options of the size of the file
 * @param start sets the initial weights
 */
record PolicyFactory(Network network, AmountOptions amount, ByteOptions bytes, StartOption start) {

    /**
     * A policy that fits its network.
     *
     * @param policy the policy
     * @param numbers how many numbers a fresh network keeps, after a truncation if there is one
     */
    record Fitted(FrequencyRegularization policy, long numbers) {}

    /**
     * Builds the policy and applies it to a throw-away network, so that invalid options fail before
     * the training begins.
     *
     * @throws IllegalArgumentException if the options do not fit the network
     */
    Fitted make(Task task) {
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
        OptionalLong most = bytes.bytes(network, amount);
        if (!amount.isOpen() && amount.budget().isEmpty()) {
            chooseWeights(builder);
        }
        List<TensorChoice> tensors = tensors(builder, task);
        if (amount.isOpen() && most.isPresent()) {
            network.numbers(most.getAsLong())
                    .ifPresentOrElse(
                            builder::optBudget,
                            () -> builder.optBudgetBytes(network.budget(most.getAsLong())));
        }
        amount.budget().ifPresent(builder::optBudget);
        amount.keep().ifPresent(builder::optKept);
        amount.keepRate().ifPresent(builder::optKeepRate);
        start.set(builder, network, amount);
        if (amount.paper().isPresent()) {
            builder.paper();
            amount.paper().get().keep(builder, network, tensors);
        } else {
            Heads.split(builder, network, tensors);
        }
        long numbers = tryOut(builder.build(), task, most);
        if (bytes.truncate() > 0) {
            builder.optStartRate(1.0);
        }
        return new Fitted(builder.build(), numbers);
    }

    /** Selects the weights alone, as in the paper. */
    private static void chooseWeights(FrequencyRegularizationBuilder builder) {
        builder.optLayerTypes(
                        LayerType.CONVOLUTION, LayerType.TRANSPOSED_CONVOLUTION, LayerType.LINEAR)
                .optParameterTypes(Parameter.Type.WEIGHT);
    }

    private static List<TensorChoice> tensors(FrequencyRegularizationBuilder builder, Task task) {
        return builder.build().plan(task.network(), task.inputs(1));
    }

    private long tryOut(FrequencyRegularization policy, Task task, OptionalLong most) {
        Block block = policy.apply(task.network(), task.inputs(1));
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, task.inputs(1));
            most.ifPresent(limit -> Quantization.fit(block, limit, bytes.names()));
            return FrequencyFile.countNumbers(block);
        }
    }
}
