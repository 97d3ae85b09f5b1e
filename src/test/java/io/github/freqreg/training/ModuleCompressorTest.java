package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.evaluator.Accuracy;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TestModels;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.interop.torch.TorchScript;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Compressor} on a TorchScript network. */
@UsesEngine
class ModuleCompressorTest {

    private static final Shape INPUT = new Shape(1, 3, 12, 12);

    private final NDManager manager;

    @TempDir private Path folder;

    ModuleCompressorTest(NDManager manager) {
        this.manager = manager;
    }

    @BeforeEach
    void write() throws Exception {
        TorchArchive.write(folder.resolve("net.pt"), ScriptNetworks.convolutional(1));
    }

    private Model model() throws Exception {
        Model model = Model.newInstance("net");
        model.setBlock(TorchScript.load(model.getNDManager(), folder.resolve("net.pt")));
        return model;
    }

    @Test
    void withoutDataTheNetworkIsRounded() throws Exception {
        try (Model model = model();
                Model fresh = model()) {
            float[] before = TestModels.answer(model.getBlock(), INPUT);
            Compressed compressed = Compressor.builder().setBytes(900).build().compress(model);
            Path file = folder.resolve("net.frq");
            compressed.save(file);
            assertTrue(Files.size(file) <= 900, compressed.toString());
            float[] after = TestModels.answer(model.getBlock(), INPUT);
            assertArrayEquals(before, after, 0.02f);
            FrequencyFile.load(fresh, file);
            assertArrayEquals(after, TestModels.answer(fresh.getBlock(), INPUT), 1e-3f);
        }
    }

    @Test
    void withDataItIsTrainedWithinItsBytes() throws Exception {
        for (int bytes : new int[] {900, 400}) {
            try (Model model = model();
                    Model fresh = model()) {
                Compressed compressed =
                        Compressor.builder()
                                .setBytes(bytes)
                                .optTrainingSet(CompressorTest.bars(manager, 640, 1, 3))
                                .optValidationSet(CompressorTest.bars(manager, 200, 2, 3))
                                .optEvaluator(new Accuracy())
                                .optEpochs(8)
                                .build()
                                .compress(model, INPUT);
                assertTrue(compressed.getDocument().encode().length <= bytes);
                double before = compressed.getReference().orElseThrow();
                double after = compressed.getValidation().orElseThrow();
                assertTrue(after > before + 0.2, bytes + ": " + before + " to " + after);
                FrequencyFile.load(fresh, compressed.getDocument());
                assertArrayEquals(
                        TestModels.answer(model.getBlock(), INPUT),
                        TestModels.answer(fresh.getBlock(), INPUT),
                        1e-5f);
            }
        }
    }
}
