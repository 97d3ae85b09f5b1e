package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqTensor;
import io.github.freqreg.format.TorchCheckpoint;
import io.github.freqreg.format.TorchTensor;
import io.github.freqreg.spectrum.FrequencyTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The authors' UNet of 759 numbers, from their PyTorch checkpoint. */
final class PublishedUNet {

    /** An input of the size they evaluate it on. */
    static final Shape INPUT = new Shape(1, 3, 640, 959);

    static final int WIDTH = 64;
    static final int DEPTH = 4;

    private PublishedUNet() {}

    /** Builds the network, without its numbers. */
    static UNet build() {
        return new UNet(WIDTH, DEPTH, 2);
    }

    /** The names of the tensors: theirs, and ours. */
    private static Map<String, String> names() {
        Map<String, String> names = new LinkedHashMap<>();
        level(names, "inc", "01first_");
        for (int i = 1; i <= DEPTH; i++) {
            level(
                    names,
                    "down" + i + ".maxpool_conv.1",
                    String.format("%02ddown%d_02SequentialBlock_", i + 1, i));
        }
        for (int i = 1; i <= DEPTH; i++) {
            int at = DEPTH + 2 * i;
            names.put(
                    "up" + i + ".up.weight",
                    String.format("%02dup%d_01TransposedConv2d_weight", at, i));
            level(names, "up" + i + ".conv", String.format("%02djoin%d_", at + 1, i));
        }
        names.put("outc.conv.weight", String.format("%02dlast_01Conv2d_weight", 2 + 3 * DEPTH));
        return names;
    }

    private static void level(Map<String, String> names, String theirs, String ours) {
        names.put(theirs + ".double_conv.0.weight", ours + "01Conv2d_weight");
        names.put(theirs + ".double_conv.3.weight", ours + "04Conv2d_weight");
    }

    /** Turns their checkpoint into a file of ours; their numbers are float16, so none is lost. */
    static FrqDocument read(Path file) throws IOException, MalformedModelException {
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
        for (Map.Entry<String, String> entry : names.entrySet()) {
            TorchTensor tensor = tensors.get(entry.getKey());
            if (!tensor.isSparse()) {
                throw new MalformedModelException(
                        file + ": expected sparse coefficients in " + entry.getKey());
            }
            FrequencyTensor spectrum = tensor.toFrequencyTensor();
            ours.add(
                    new FrqTensor(
                            entry.getValue(), tensor.shape(), true, true, spectrum.coefficients()));
        }
        return new FrqDocument(List.of(INPUT), ours);
    }
}
