package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.interop.torch.TorchCheckpoint;
import io.github.freqreg.interop.torch.TorchTensor;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** The UNet of 759 numbers that the paper's authors published as a PyTorch checkpoint. */
public final class PublishedUNet {

    /** The input shape at which the authors evaluate it. */
    public static final Shape INPUT = new Shape(1, 3, 640, 959);

    /** The name of its last weight in the checkpoint. */
    public static final String LAST = "outc.conv.weight";

    public static final int WIDTH = 64;
    public static final int DEPTH = 4;

    /** The classes of a pixel: background and object. */
    public static final int CLASSES = 2;

    /** The fingerprint of its names and shapes, see {@link FrqDocument}. */
    public static final int FINGERPRINT = 0xde32b6fd;

    private PublishedUNet() {}

    /** Returns the width of the UNet of a document without shapes, unless an option gives one. */
    public static int usualWidth(FrqDocument document) {
        return document.fingerprint() == FINGERPRINT ? WIDTH : Network.UNET.width();
    }

    /** Builds the dense network, not initialised. */
    public static UNet build() {
        return new UNet(WIDTH, DEPTH, CLASSES);
    }

    /** Returns the layer names in the authors' code for a UNet of any depth, in our order. */
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

    /** Returns our parameter names by the names in the checkpoint, in our order. */
    private static Map<String, String> names() {
        UNet network = build();
        UnaryOperator<String> theirs = TorchNames.of(Network.UNET, network);
        Map<String, String> names = new LinkedHashMap<>();
        network.getParameters().keys().forEach(name -> names.put(theirs.apply(name), name));
        return names;
    }

    /** Converts the checkpoint into the content of a {@code .frq} file, without loss. */
    public static FrqDocument read(Path file) throws IOException, MalformedModelException {
        Map<String, TorchTensor> tensors = TorchCheckpoint.read(file).getTensors();
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
        List<FrqEntry> ours = new ArrayList<>();
        try {
            for (Map.Entry<String, String> entry : names.entrySet()) {
                TorchTensor tensor = Objects.requireNonNull(tensors.get(entry.getKey()));
                float[] values = tensor.toFrequencyTensor().coefficients();
                ours.add(
                        new FrqEntry(
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
                    file + ": the shapes of its tensors are not those of the published UNet");
        }
        return document;
    }

    /** Returns whether float16 stores all values exactly, as it does those that were published. */
    private static boolean fitsHalf(float[] values) {
        for (float value : values) {
            if (Float16Utils.halfToFloat(Float16Utils.floatToHalf(value)) != value) {
                return false;
            }
        }
        return true;
    }
}
