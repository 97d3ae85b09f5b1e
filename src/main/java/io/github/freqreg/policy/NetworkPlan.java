package io.github.freqreg.policy;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.BatchNorm;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.TensorSpec;
import io.github.freqreg.block.Wrapping;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a policy does with each tensor of a network. */
final class NetworkPlan {

    private final Block root;
    private final List<PlannedTensor> tensors;
    private final Wrapping wrapping;

    /**
     * Plans a network.
     *
     * @param root of the network
     * @param tensors all tensors of the network
     */
    NetworkPlan(Block root, List<PlannedTensor> tensors) {
        this.root = root;
        this.tensors = List.copyOf(tensors);
        List<NetworkTensor> all = tensors.stream().map(PlannedTensor::tensor).toList();
        Set<String> chosen =
                getChosen().stream().map(PlannedTensor::name).collect(Collectors.toSet());
        wrapping = new Wrapping(root, all, chosen);
    }

    Block getRoot() {
        return root;
    }

    /** Returns how the chosen tensors are wrapped. */
    Wrapping getWrapping() {
        return wrapping;
    }

    /** Returns all tensors, in the network's order. */
    List<PlannedTensor> getTensors() {
        return tensors;
    }

    /** Returns the chosen tensors. */
    List<PlannedTensor> getChosen() {
        return tensors.stream().filter(PlannedTensor::isChosen).toList();
    }

    /** Returns the choice for each tensor. */
    List<TensorChoice> getChoices() {
        return tensors.stream().map(PlannedTensor::choice).toList();
    }

    /** Says why tensors are left alone: once, if all have the same reason. */
    String describe() {
        Set<String> reasons =
                getChoices().stream().map(TensorChoice::reason).collect(Collectors.toSet());
        return reasons.size() == 1 ? reasons.iterator().next() : getChoices().toString();
    }

    /** Returns the name of each tensor. */
    List<String> getNames() {
        return tensors.stream().map(PlannedTensor::name).toList();
    }

    /** Returns the names of the tensors that are or will be in the frequency domain. */
    List<String> getSpectralNames() {
        return tensors.stream()
                .filter(each -> each.isChosen() || each.tensor().spectral().isPresent())
                .map(PlannedTensor::name)
                .toList();
    }

    /** Returns the weights of all layers, whether they are wrapped or not. */
    List<PlannedTensor> getWeights() {
        return tensors.stream()
                .filter(each -> each.parameter().getType() == Parameter.Type.WEIGHT)
                .toList();
    }

    /** Returns the weight of the last layer, if that is linear and nothing but its bias follows. */
    Optional<PlannedTensor> getLastWeight() {
        int at = tensors.size() - 1;
        while (at > 0 && tensors.get(at).parameter().getType() == Parameter.Type.BIAS) {
            at--;
        }
        return Optional.of(tensors.get(at))
                .filter(each -> each.parameter().getType() == Parameter.Type.WEIGHT)
                .filter(each -> each.layer() == LayerType.LINEAR)
                .filter(each -> each.owner() == tensors.get(tensors.size() - 1).owner());
    }

    /** Returns how many weights are wrapped. */
    int getDepth() {
        return Math.toIntExact(tensors.stream().filter(PlannedTensor::isChosenWeight).count());
    }

    /** Returns the normalisation layers whose statistics the files of a network fold. */
    Set<Block> foldedBy(Budget budget) {
        if (!budget.folds(getChosen())) {
            return Set.of();
        }
        Set<Block> folding = normsWithWrapped(Parameter.Type.GAMMA);
        folding.retainAll(normsWithWrapped(Parameter.Type.BETA));
        return folding;
    }

    private Set<Block> normsWithWrapped(Parameter.Type type) {
        Set<Block> norms = Collections.newSetFromMap(new IdentityHashMap<>());
        getChosen().stream()
                .filter(each -> each.owner() instanceof BatchNorm && wrapping.wraps(each.owner()))
                .filter(each -> each.parameter().getType() == type)
                .forEach(each -> norms.add(each.owner()));
        return norms;
    }

    /** Returns whether the files of a network store running statistics as numbers of their own. */
    boolean storesStatistics(Budget budget) {
        Set<Block> folding = foldedBy(budget);
        return tensors.stream()
                .filter(each -> each.tensor().isRunningStatistic())
                .anyMatch(each -> !folding.contains(each.owner()));
    }

    boolean knowsShapes() {
        return tensors.stream().allMatch(each -> each.tensor().shape() != null);
    }

    /** Returns how many tensors are wrapped, and how many coefficients they keep. */
    String summary(List<TensorSpec> known) {
        String tensors =
                "Wrapped "
                        + getChosen().size()
                        + " of "
                        + this.tensors.size()
                        + " tensors of the "
                        + root.getClass().getSimpleName();
        if (!knowsShapes()) {
            return tensors + ", whose shapes are not known yet";
        }
        long before = getChosen().stream().mapToLong(each -> each.shape().size()).sum();
        long start = known.stream().mapToLong(TensorSpec::start).sum();
        long target = known.stream().mapToLong(TensorSpec::target).sum();
        return tensors
                + ": "
                + before
                + " numbers become "
                + start
                + " coefficients"
                + (start > target ? ", and " + target + " by truncation" : "");
    }

    /**
     * Returns the error of a policy that chooses no tensor.
     *
     * @param filter the filter of the policy
     */
    RuntimeException nothingChosen(TensorFilter filter) {
        if (getSpectralNames().isEmpty()) {
            return new IllegalArgumentException(
                    "The policy chooses no tensor of the "
                            + root.getClass().getSimpleName()
                            + ": "
                            + ModuleLayers.obstacle(root).orElseGet(this::describe));
        }
        filter.include()
                .ifPresent(each -> NamePatterns.checkMatches(each, "inclusion", getNames()));
        return new IllegalStateException(
                "Everything that the policy chooses is frequency regularised already, the first tensor"
                        + " is "
                        + getSpectralNames().get(0)
                        + ": apply a policy once, or call toDense() first");
    }
}
