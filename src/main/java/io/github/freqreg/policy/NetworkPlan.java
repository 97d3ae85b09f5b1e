package io.github.freqreg.policy;

import ai.djl.nn.Block;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.Wrapping;
import java.util.List;
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

    /** Returns how many weights are wrapped. */
    int getDepth() {
        return Math.toIntExact(tensors.stream().filter(PlannedTensor::isChosenWeight).count());
    }

    boolean knowsShapes() {
        return tensors.stream().allMatch(each -> each.tensor().shape() != null);
    }
}
