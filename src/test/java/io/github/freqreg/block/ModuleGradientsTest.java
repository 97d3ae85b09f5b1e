package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.nn.Parameter;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the tensors of a TorchScript network require gradients. */
class ModuleGradientsTest {

    @TempDir private Path folder;

    private static long trainable(List<Parameter> parameters) {
        return parameters.stream().filter(each -> each.getArray().hasGradient()).count();
    }

    @Test
    void trainableTensorsRequireGradientsUnlessAnInferenceRuns() throws Exception {
        Path archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
        try (Model model = Model.newInstance("net")) {
            model.load(archive, null, Map.of("trainParam", "true"));
            List<Parameter> parameters = model.getBlock().getParameters().values();
            parameters.get(0).freeze(true);
            ModuleGradients gradients = new ModuleGradients(parameters);
            gradients.begin(false);
            assertEquals(0, trainable(parameters));
            gradients.begin(false);
            gradients.end(false);
            assertEquals(0, trainable(parameters), "another inference runs");
            gradients.end(false);
            assertEquals(7, trainable(parameters), "all but the frozen one");
            parameters.get(1).getArray().setRequiresGradient(false);
            gradients.begin(true);
            assertEquals(7, trainable(parameters));
            gradients.end(true);
            assertEquals(7, trainable(parameters));
            assertTrue(parameters.get(1).requiresGradient());
        }
    }

    @Test
    void parametersOfDjlAreIgnored() {
        try (Model model = TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT)) {
            List<Parameter> parameters = model.getBlock().getParameters().values();
            long before = trainable(parameters);
            new ModuleGradients(parameters).begin(false);
            assertEquals(before, trainable(parameters));
        }
    }
}
