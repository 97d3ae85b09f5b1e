package io.github.freqreg.examples.tasks;

import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.policy.TensorChoice;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The paper's keep rates.
 *
 * <p>The authors' code keeps {@code max(round(n · rate), floor) + 1} of n coefficients; in a
 * transposed convolution {@code max(round(n · rate), floor + 1)}. The paper's appendix lists one
 * more for some large tensors. It covers v1, v2 and v3 of AlexNet, VGG and ResNet-18, v1 and v2 of
 * the vision transformer, v1 of DCGAN, and one version of LeNet-5 and UNet, called v3 here. All
 * other combinations follow the rule.
 *
 * @see <a href="https://arxiv.org/abs/2304.07973">Frequency Regularization, appendix</a>
 */
public enum Preset {
    V1(
            0.01,
            Map.of(307_200L, 1L, 1_179_648L, 1L, 2_359_296L, 1L, 16_777_216L, 1L, 37_748_736L, 1L)),
    V2(0.001, Map.of(16_777_216L, 1L, 37_748_736L, 1L)),
    /** Keeps the floor of each tensor. */
    V3(0, Map.of());

    private static final long LENET_NUMBERS = 776;
    private static final long UNET_KEPT = 33;
    private static final long VIT_QUERIES = 786_432;
    private static final Pattern VIT_EXCLUDED = Pattern.compile("patches|head");
    private static final long VIT_QUERIES_KEPT = 65_520;

    private final double rate;
    private final Map<Long, Long> more;

    Preset(double rate, Map<Long, Long> more) {
        this.rate = rate;
        this.more = more;
    }

    /**
     * Sets the kept coefficients of each tensor in a policy.
     *
     * @param builder the policy
     * @param network the network
     * @param tensors its parameters, with their shapes
     */
    public void keep(
            FrequencyRegularizationBuilder builder, Network network, List<TensorChoice> tensors) {
        if (this == V3 && network == Network.LENET) {
            builder.optBudget(LENET_NUMBERS);
            return;
        }
        if (this == V3 && network == Network.UNET) {
            builder.optKept(UNET_KEPT);
            return;
        }
        if (network == Network.VIT) {
            builder.optExclude(VIT_EXCLUDED.pattern());
        }
        for (TensorChoice tensor : tensors) {
            boolean excluded = network == Network.VIT && VIT_EXCLUDED.matcher(tensor.name()).find();
            if (tensor.regularized() && !excluded) {
                long size = Heads.shape(tensor).size();
                long kept = Math.min(size, kept(network, tensor.layer(), size));
                builder.addOverrideKept(Heads.exactly(tensor), kept);
            }
        }
    }

    private long kept(Network network, LayerType layer, long size) {
        boolean vit = network == Network.VIT;
        if (vit && this == V1 && size == VIT_QUERIES) {
            return VIT_QUERIES_KEPT;
        }
        // The appendix lists the transformer at ten times the rates; V3 takes the rate of V2.
        double its = !vit ? rate : this == V3 ? V2.rate : 10 * rate;
        long counted = Math.round(size * its);
        if (layer != LayerType.TRANSPOSED_CONVOLUTION) {
            counted += 1 + (vit ? 0 : more.getOrDefault(size, 0L));
        }
        return Math.max(counted, layer.getFloor() + 1);
    }
}
