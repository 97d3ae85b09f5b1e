package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.Precision;
import io.github.freqreg.format.TorchCheckpoint;
import io.github.freqreg.format.TorchTensor;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** The authors' UNet of 759 numbers, from their PyTorch checkpoint. */
public final class PublishedUNet {

    /** An input of the size they evaluate it on. */
    public static final Shape INPUT = new Shape(1, 3, 640, 959);

    /** What its authors call its last weight. */
    public static final String LAST = "outc.conv.weight";

    public static final int WIDTH = 64;
    public static final int DEPTH = 4;

    /** Of the network's names and shapes, see {@link FrqDocument}. */
    public static final int FINGERPRINT = 0xde32b6fd;

    private PublishedUNet() {}

    /** Builds the network, without its numbers. */
    public static UNet build() {
        return new UNet(WIDTH, DEPTH, 2);
    }

    /** What its authors call the layers of a UNet of any depth, in the network's order. */
    static List<String> layers(int depth) {
        List<String> layers = new ArrayList<>();
        level(layers, "inc");
        for (int i = 1; i <= depth; i++) {
            level(layers, "down" + i + ".maxpool_conv.1");
        }
        for (int i = 1; i <= depth; i++) {
            layers.add("up" + i + ".up");
            level(layers, "up" + i + ".conv");
        }
        layers.add("outc.conv");
        return layers;
    }

    private static void level(List<String> layers, String name) {
        layers.add(name + ".double_conv.0");
        layers.add(name + ".double_conv.3");
    }

    /** The names of the tensors: theirs, and ours. */
    private static Map<String, String> names() {
        UNet network = build();
        UnaryOperator<String> theirs = TorchNames.of(Network.UNET, network);
        Map<String, String> names = new LinkedHashMap<>();
        network.getParameters().keys().forEach(name -> names.put(theirs.apply(name), name));
        return names;
    }

    /** Turns their checkpoint into a file of ours, without loss. */
    public static FrqDocument read(Path file) throws IOException, MalformedModelException {
        Map<String, TorchTensor> tensors = TorchCheckpoint.read(file);
        Map<String, String> names = names();
        List<String> missing = new ArrayList<>(names.keySet());
        missing.removeAll(tensors.keySet());
        List<String> unknown = new ArrayList<>(tensors.keySet());
        unknown.removeAll(names.keySet());
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new MalformedModelException(
                    file
                            + ": expected the tensors of the published UNet; missing "
                            + missing
                            + ", unknown "
                            + unknown);
        }
        List<FrqTensor> ours = new ArrayList<>();
        try {
            for (Map.Entry<String, String> entry : names.entrySet()) {
                TorchTensor tensor = Objects.requireNonNull(tensors.get(entry.getKey()));
                float[] values = tensor.toFrequencyTensor().coefficients();
                ours.add(
                        new FrqTensor(
                                entry.getValue(),
                                tensor.shape(),
                                FrequencyAxes.OWN,
                                fitsHalf(values) ? Precision.FLOAT16 : Precision.FLOAT32,
                                values));
            }
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
        FrqDocument document = new FrqDocument(List.of(INPUT), ours);
        if (document.fingerprint() != FINGERPRINT) {
            throw new MalformedModelException(
                    file + ": expected the shapes of the published UNet but found others");
        }
        return document;
    }

    /** Theirs are float16; numbers of another checkpoint are kept as float32, and none is lost. */
    private static boolean fitsHalf(float[] values) {
        for (float value : values) {
            if (Float16Utils.halfToFloat(Float16Utils.floatToHalf(value)) != value) {
                return false;
            }
        }
        return true;
    }
}
