package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.modality.cv.translator.ImageClassificationTranslator;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.loss.Loss;
import ai.djl.translate.Translator;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.training.Compressor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the code of the README, and compares it with the README's text. */
class ReadmeTest {

    @TempDir private Path folder;

    @Test
    void theReadmeShowsTheCodeOfThisClass() throws IOException {
        List<String> shown = Snippets.shown(Path.of("..", "README.md"));
        List<String> here = Snippets.run(ReadmeTest.class, "readme");
        assertFalse(shown.isEmpty());
        assertEquals(String.join("\n---\n", here), String.join("\n---\n", shown));
    }

    @Test
    void compressesInEightLines() throws Exception {
        Path file = folder.resolve("mine.frq");
        Shape inputShape = new Shape(32).addAll(LeNet.INPUT);
        try (Model model = Model.newInstance("mine")) {
            model.setBlock(net());
            NDManager manager = model.getNDManager();
            Dataset trainingSet = Digits.embedded().test().part(0, 320).dataset(manager, 32, true);
            Dataset validationSet =
                    Digits.embedded().validation().part(0, 100).dataset(manager, 50, false);
            // readme
            Compressor.builder()
                    .setBytes(4_000) // or .setAllowedLoss(0.005)
                    .optTrainingSet(trainingSet)
                    .optValidationSet(validationSet)
                    .optEvaluator(new Accuracy())
                    .build()
                    .compress(model, inputShape) // any DJL model, fresh or trained
                    .save(file);
            // end
        }
        assertTrue(Files.size(file) <= 4_000, Files.size(file) + " bytes");
        assertEquals(8, Snippets.run(ReadmeTest.class, "readme").get(0).lines().count());
    }

    @Test
    void wrapsTrainsSavesLoadsAndPredictsInTwelveLines() throws Exception {
        Path file = folder.resolve("lenet.frq");
        Image image = digit(3);
        Translator<Image, Classifications> translator = translator();
        NDManager manager = NDManager.newBaseManager();
        Dataset trainingSet = Digits.embedded().test().dataset(manager, 32, true);
        // readme
        Model model = Model.newInstance("lenet");
        model.setBlock(FrequencyRegularization.builder().optKeepRate(0.01).build().apply(net()));
        TrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss());
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(new Shape(1, 1, 28, 28));
            EasyTrain.fit(trainer, 1, trainingSet, null);
        }
        FrequencyFile.save(model.getBlock(), file);
        Model fresh = Model.newInstance("lenet"); // anywhere else
        fresh.setBlock(net());
        FrequencyFile.load(fresh, file);
        Classifications answer = fresh.newPredictor(translator).predict(image);
        // end
        try (manager;
                model;
                fresh;
                Predictor<Image, Classifications> trained = model.newPredictor(translator)) {
            assertSame(trained.predict(image), answer, 1e-2);
            FrequencyBlocks.toDense(fresh);
            assertSame(answer, fresh.newPredictor(translator).predict(image), 1e-5);
        }
        assertTrue(Files.size(file) < 14_000);
        assertEquals(12, Snippets.run(ReadmeTest.class, "readme").get(1).lines().count());
    }

    static Block net() {
        Engine.getInstance().setRandomSeed(1);
        return LeNet.build();
    }

    static void assertSame(Classifications expected, Classifications answer, double by) {
        for (Classifications.Classification each : answer.topK(10)) {
            double probability = expected.get(each.getClassName()).getProbability();
            double found = each.getProbability();
            assertTrue(
                    Math.abs(found - probability) <= by,
                    each.getClassName() + ": " + found + ", " + probability);
        }
    }

    static Translator<Image, Classifications> translator() {
        return ImageClassificationTranslator.builder()
                .optFlag(Image.Flag.GRAYSCALE)
                .addTransform(new ToTensor())
                .optApplySoftmax(true)
                .optSynset(IntStream.range(0, 10).mapToObj(String::valueOf).toList())
                .build();
    }

    static Image digit(int index) throws IOException {
        byte[] pixels = Digits.embedded().test().part(index, index + 1).pixels();
        BufferedImage image =
                new BufferedImage(Digits.SIDE, Digits.SIDE, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setDataElements(0, 0, Digits.SIDE, Digits.SIDE, pixels);
        return ImageFactory.getInstance().fromImage(image);
    }

    static ArrayDataset digits(Model model) {
        return Digits.embedded().test().dataset(model.getNDManager(), 32, true);
    }
}
