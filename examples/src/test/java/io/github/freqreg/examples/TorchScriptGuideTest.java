package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SymbolBlock;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.translate.NoopTranslator;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.TorchScriptFactory;
import io.github.freqreg.interop.torch.TorchScript;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.Compressor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the code of the guide on TorchScript networks. */
class TorchScriptGuideTest {

    private final Shape input = new Shape(8, 3, 6, 6);

    @TempDir Path folder;

    private Path archive;

    private NDManager manager;

    @BeforeEach
    void open() throws Exception {
        manager = NDManager.newBaseManager();
        archive = folder.resolve("net.pt");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private ArrayDataset dataset() {
        return new ArrayDataset.Builder()
                .setData(manager.arange(40 * 108f).sin().reshape(40, 3, 6, 6))
                .optLabels(manager.zeros(new Shape(40)))
                .setSampling(8, false)
                .build();
    }

    @Test
    void torchscript() throws Exception {
        ArrayDataset trainingSet = dataset();
        NDArray images = manager.ones(input);
        Path pair = folder.resolve("pair");
        NDList answer;
        // torchscript.md
        Model model = Model.newInstance("net");
        model.setBlock(TorchScript.load(model.getNDManager(), archive)); // net.pt
        FrequencyRegularization policy = FrequencyRegularization.builder().optKeepRate(0.1).build();
        policy.plan(model.getBlock()).forEach(System.out::println); // which tensors, and why
        policy.apply(model);
        TrainingConfig config =
                new DefaultTrainingConfig(new SoftmaxCrossEntropyLoss())
                        .addTrainingListeners(new BufferRetention());
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(input);
            EasyTrain.fit(trainer, 3, trainingSet, null);
        }
        // end
        // torchscript.md
        TorchScriptFactory.save(FrequencyFile.toDocument(model.getBlock()), archive, pair);
        // end
        // torchscript.md
        Criteria<NDList, NDList> criteria =
                Criteria.builder()
                        .setTypes(NDList.class, NDList.class) // or your types and a translator
                        .optModelPath(pair) // or a folder's zip, by optModelUrls
                        .build();
        try (ZooModel<NDList, NDList> small = criteria.loadModel();
                Predictor<NDList, NDList> predictor = small.newPredictor()) {
            answer = predictor.predict(new NDList(images));
        }
        // end
        float[] loaded = answer.head().toFloatArray();
        // torchscript.md
        FrequencyBlocks.toDense(model); // a PtSymbolBlock again, with the compressed weights
        // end
        assertTrue(model.getBlock() instanceof SymbolBlock);
        float[] plain =
                model.newPredictor(new NoopTranslator())
                        .predict(new NDList(images))
                        .head()
                        .toFloatArray();
        // The file's numbers are float16.
        assertArrayEquals(plain, loaded, 0.01f);
        model.close();
    }

    @Test
    void compressor() throws Exception {
        ArrayDataset trainingSet = dataset();
        ArrayDataset validationSet = dataset();
        NDList images = new NDList(manager.ones(input));
        Path file = folder.resolve("net.frq");
        Model model = Model.newInstance("net");
        model.setBlock(TorchScript.load(model.getNDManager(), archive));
        // torchscript.md
        Compressor.builder()
                .setBytes(500)
                .optInputs(List.of(images)) // or a training set, as below, or nothing
                .build()
                .compress(model)
                .save(file);
        // end
        assertTrue(Files.size(file) <= 500);
        FrequencyBlocks.toDense(model);
        // torchscript.md
        Compressor.builder()
                .setBytes(500)
                .optTrainingSet(trainingSet)
                .optValidationSet(validationSet)
                .optLoss(new SoftmaxCrossEntropyLoss())
                .optEvaluator(new Accuracy())
                .build()
                .compress(model, input)
                .save(file);
        // end
        assertTrue(Files.size(file) <= 500);
        model.close();
    }
}
