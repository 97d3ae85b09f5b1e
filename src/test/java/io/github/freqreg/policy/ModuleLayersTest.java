package io.github.freqreg.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TorchArchive;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tensors of a TorchScript network a policy chooses. */
class ModuleLayersTest {

    @TempDir private Path folder;

    private Model load(ScriptModule module) throws IOException, MalformedModelException {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, module);
        Model model = Model.newInstance("net");
        model.load(archive, null, Map.of("trainParam", "true"));
        return model;
    }

    private Map<String, LayerType> layers(ScriptModule module)
            throws IOException, MalformedModelException {
        Map<String, LayerType> layers = new LinkedHashMap<>();
        try (Model model = load(module)) {
            for (TensorChoice choice :
                    FrequencyRegularization.builder().build().plan(model.getBlock())) {
                if (choice.name().endsWith("weight")) {
                    layers.put(choice.name(), choice.layer());
                    boolean usual = TensorFilter.USUAL.contains(choice.layer());
                    assertEquals(usual, choice.regularized(), choice.toString());
                }
            }
        }
        return layers;
    }

    @Test
    void operatorsOfTheCodeTellTheKinds() throws IOException, MalformedModelException {
        assertEquals(
                Map.of(
                        "conv1.weight", LayerType.CONVOLUTION,
                        "bn1.weight", LayerType.NORMALIZATION,
                        "conv2.weight", LayerType.CONVOLUTION,
                        "fc.weight", LayerType.LINEAR),
                layers(ScriptNetworks.convolutional(1)));
        assertEquals(
                Map.of("up.weight", LayerType.TRANSPOSED_CONVOLUTION),
                layers(ScriptNetworks.decoder(1)));
        assertEquals(
                Map.of("embedding.weight", LayerType.EMBEDDING), layers(ScriptNetworks.tied(1)));
        assertEquals(
                Map.of(
                        "attention.qkv.weight", LayerType.LINEAR,
                        "attention.out.weight", LayerType.LINEAR,
                        "norm1.weight", LayerType.NORMALIZATION,
                        "linear1.weight", LayerType.LINEAR,
                        "linear2.weight", LayerType.LINEAR,
                        "norm2.weight", LayerType.NORMALIZATION),
                layers(ScriptNetworks.transformer(1)));
    }

    @Test
    void aLinearLayerBehindMapsIsSplit() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.flattened(1))) {
            TensorChoice linear =
                    FrequencyRegularization.builder().build().plan(model.getBlock()).stream()
                            .filter(choice -> choice.name().equals("fc.weight"))
                            .findFirst()
                            .orElseThrow();
            assertTrue(linear.reason().contains("axes 4x8x3x3"), linear.reason());
        }
    }

    @Test
    void wordsOfThePolicyWork() throws IOException, MalformedModelException {
        try (Model model = load(ScriptNetworks.convolutional(1))) {
            Map<String, Boolean> chosen = new LinkedHashMap<>();
            for (TensorChoice choice :
                    FrequencyRegularization.builder()
                            .optExclude("fc")
                            .optShapes(shape -> shape.size() > 200)
                            .build()
                            .plan(model.getBlock())) {
                chosen.put(choice.name(), choice.regularized());
            }
            assertTrue(chosen.get("conv1.weight"));
            assertEquals(false, chosen.get("fc.weight"));
            assertEquals(false, chosen.get("bn1.bias"));
        }
    }

    @Test
    void aFrozenNetworkIsRefusedWithTheRemedy() throws IOException, MalformedModelException {
        ScriptModule frozen = new ScriptModule("__torch__.Net").forward("return torch.mul(x, 2)");
        try (Model model = load(frozen)) {
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> FrequencyRegularization.builder().build().apply(model))
                            .getMessage();
            assertTrue(message.contains("it has no parameters"), message);
        }
    }
}
