package io.github.freqreg.examples.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Axes;
import io.github.freqreg.examples.tasks.AxisTreatment;
import io.github.freqreg.examples.tasks.ByteLimit;
import io.github.freqreg.examples.tasks.CompressedTensors;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Builds the regularisation policy from the options of {@code train}.
 *
 * @param network the network to train
 * @param amount the options of how much is kept
 * @param options the options of how the network is compressed
 * @param limit the limit on the size of the file, if there is one
 */
record PolicyFactory(
        Network network,
        AmountOptions amount,
        CompressionOptions options,
        Optional<ByteLimit> limit) {

    /**
     * Builds the policy and applies it to a throw-away network, so that invalid options fail before
     * the training begins.
     *
     * @throws IllegalArgumentException if the options do not fit the network
     */
    FrequencyRegularization make(Task task) {
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder().paper();
        boolean all = options.biases() || amount.recipe().isPresent() || isByBytes();
        (all ? CompressedTensors.ALL : CompressedTensors.WEIGHTS).choose(builder);
        List<TensorChoice> tensors = builder.build().plan(task.network(), task.inputs(1));
        keep(builder, task, tensors);
        if (options.biases() && !isByBytes() && !isByNumbers()) {
            keepBiases(builder, tensors);
        }
        Axes.add(builder, network, tensors, axes());
        builder.optBalancedStart(options.balanced());
        if (options.truncate() > 0) {
            builder.optStartRate(1.0);
        }
        FrequencyRegularization policy = builder.build();
        tryOut(policy, task);
        return policy;
    }

    /** Returns whether the byte budget sets how much is kept. */
    private boolean isByBytes() {
        return options.budgetBytes().isPresent() && amount.isOpen();
    }

    /** Returns whether a budget is divided among the tensors; it is LeNet's default too. */
    private boolean isByNumbers() {
        return amount.budget().isPresent()
                || network == Network.LENET
                        && amount.keepRate().isEmpty()
                        && amount.keep().isEmpty();
    }

    private void keep(
            FrequencyRegularizationBuilder builder, Task task, List<TensorChoice> tensors) {
        if (amount.isOpen() && !isByBytes()) {
            task.keepByDefault(builder);
        }
        amount.keep().ifPresent(builder::optKept);
        amount.keepRate().ifPresent(builder::optKeepRate);
        amount.budget().ifPresent(builder::optBudget);
        amount.preset()
                .ifPresent(
                        preset ->
                                preset.keep(
                                        builder,
                                        network,
                                        tensors.stream().filter(t -> !isVector(t)).toList()));
        amount.recipe().ifPresent(recipe -> recipe.keep(builder, tensors));
        if (isByBytes()) {
            options.budgetBytes().ifPresent(builder::optBudgetBytes);
        }
    }

    private static void keepBiases(
            FrequencyRegularizationBuilder builder, List<TensorChoice> tensors) {
        for (TensorChoice tensor : tensors) {
            if (isVector(tensor)) {
                long kept = (long) Math.ceil(Math.sqrt(Axes.shape(tensor).size()));
                builder.addOverrideKept(Axes.exactly(tensor), kept);
            }
        }
    }

    private static boolean isVector(TensorChoice tensor) {
        return tensor.regularized()
                && (tensor.name().endsWith("_bias")
                        || tensor.name().endsWith("_gamma")
                        || tensor.name().endsWith("_beta"));
    }

    private Set<AxisTreatment> axes() {
        return amount.recipe().isPresent() ? EnumSet.allOf(AxisTreatment.class) : options.axes();
    }

    private void tryOut(FrequencyRegularization policy, Task task) {
        Block block = policy.apply(task.network(), task.inputs(1));
        if (limit.isPresent()) {
            try (NDManager manager = NDManager.newBaseManager()) {
                block.initialize(manager, DataType.FLOAT32, task.inputs(1));
                Quantization.fit(block, limit.get().bytes(), limit.get().names());
            }
        }
    }
}
