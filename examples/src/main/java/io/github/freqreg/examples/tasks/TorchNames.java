package io.github.freqreg.examples.tasks;

import ai.djl.nn.Block;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * PyTorch's parameter names for the program's networks: those of the published UNet, those of
 * torchvision's ResNet-18, and conv1, conv2, fc1, … for LeNet-5, AlexNet and VGG. Other networks
 * keep DJL's names.
 */
public final class TorchNames {

    private static final Map<String, String> PARAMETERS =
            Map.of(
                    "gamma", "weight",
                    "beta", "bias",
                    "runningMean", "running_mean",
                    "runningVar", "running_var");

    private static final Map<String, String> KINDS =
            Map.of("Conv2d", "conv", "BatchNorm", "bn", "Linear", "fc");

    private TorchNames() {}

    /** Maps DJL's parameter names of a network, dense or wrapped, to PyTorch's names. */
    public static UnaryOperator<String> of(Network network, Block block) {
        return switch (network) {
            case LENET, ALEXNET, VGG -> of(block, TorchNames::numbered);
            case RESNET18 -> of(block, layers -> resNet());
            case UNET -> of(block, layers -> PublishedUNet.layers((layers.size() - 3) / 5));
            default -> UnaryOperator.identity();
        };
    }

    private static UnaryOperator<String> of(
            Block block, Function<Collection<String>, List<String>> naming) {
        List<String> parameters = block.getParameters().keys();
        List<String> layers = parameters.stream().map(TorchNames::layer).distinct().toList();
        List<String> theirs = naming.apply(layers);
        Map<String, String> byLayer = new HashMap<>();
        for (int i = 0; i < layers.size(); i++) {
            byLayer.put(layers.get(i), theirs.get(i));
        }
        Map<String, String> names = new HashMap<>();
        for (String name : parameters) {
            String parameter = name.substring(layer(name).length() + 1);
            names.put(
                    name,
                    byLayer.get(layer(name)) + "." + PARAMETERS.getOrDefault(parameter, parameter));
        }
        return names::get;
    }

    /** Returns the name of a parameter's layer, such as 01Conv2d for 01Conv2d_weight. */
    private static String layer(String parameter) {
        return parameter.substring(0, parameter.lastIndexOf('_'));
    }

    private static List<String> numbered(Collection<String> layers) {
        Map<String, Integer> counts = new HashMap<>();
        return layers.stream()
                .map(layer -> kind(layer.replaceAll("^(.*_)?\\d+", "")))
                .map(kind -> kind + counts.merge(kind, 1, Integer::sum))
                .toList();
    }

    private static String kind(String layer) {
        String kind = KINDS.get(layer);
        if (kind == null) {
            throw new IllegalStateException("Expected one of " + KINDS + " but found " + layer);
        }
        return kind;
    }

    /** Returns torchvision's layer names; its first convolution has a larger kernel. */
    private static List<String> resNet() {
        List<String> names = new ArrayList<>(List.of("conv1", "bn1"));
        for (int stage = 1; stage <= 4; stage++) {
            for (int unit = 0; unit < 2; unit++) {
                String at = "layer" + stage + "." + unit + ".";
                for (String layer : List.of("conv1", "bn1", "conv2", "bn2")) {
                    names.add(at + layer);
                }
                if (stage > 1 && unit == 0) {
                    names.add(at + "downsample.0");
                    names.add(at + "downsample.1");
                }
            }
        }
        names.add("fc");
        return names;
    }
}
