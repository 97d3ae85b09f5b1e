package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.loss.Loss;
import ai.djl.translate.Translator;
import io.github.freqreg.FrequencyBlockFactory;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.networks.LeNet;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a network of one's own to an answer, in few lines, and by DJL's {@code Criteria}. */
class ModelLoadingTest {

    private static final Path THIS =
            Path.of("src/test/java/io/github/freqreg/examples/ModelLoadingTest.java");

    @TempDir private Path folder;

    @Test
    void twelveLinesAreEnough() throws Exception {
        Path file = folder.resolve("lenet.frq");
        Image image = digit(3);
        Translator<Image, Classifications> translator = translator();
        NDManager manager = NDManager.newBaseManager();
        Dataset trainingSet = Digits.load(null).test().dataset(manager, 32, true);
        // twelve lines
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
        }
        List<String> lines = Files.readAllLines(THIS).stream().map(String::strip).toList();
        assertEquals(12, lines.indexOf("// end") - lines.indexOf("// twelve lines") - 1);
    }

    private static Block net() {
        Engine.getInstance().setRandomSeed(1);
        return LeNet.build();
    }

    @Test
    void criteriaFindTheFile() throws Exception {
        Path file = folder.resolve("lenet.frq");
        Image image = digit(3);
        Translator<Image, Classifications> translator = translator();
        Classifications expected;
        try (Model model = Model.newInstance("lenet")) {
            Block block = FrequencyRegularization.builder().optKept(200).build().apply(net());
            model.setBlock(block);
            Shape input = new Shape(1).addAll(LeNet.INPUT);
            block.initialize(model.getNDManager(), model.getDataType(), input);
            FrequencyFile.save(block, file);
            FrequencyFile.load(model, file);
            expected = model.newPredictor(translator).predict(image);
        }
        Classifications answer;
        // criteria
        FrequencyBlockFactory network = arguments -> LeNet.build(); // the class, from your code
        Criteria<Image, Classifications> criteria =
                Criteria.builder()
                        .setTypes(Image.class, Classifications.class)
                        .optModelPath(
                                file) // or a folder; a zip or a jar's resource by optModelUrls
                        .optArgument("blockFactory", network)
                        .optOption("hasParameter", "false") // there is no .params file
                        .optTranslator(translator)
                        .build();
        try (ZooModel<Image, Classifications> model = criteria.loadModel();
                Predictor<Image, Classifications> predictor = model.newPredictor()) {
            answer = predictor.predict(image);
        }
        // end
        assertSame(expected, answer, 1e-6);
    }

    private static void assertSame(Classifications expected, Classifications answer, double by) {
        for (Classifications.Classification each : answer.topK(10)) {
            double right = expected.get(each.getClassName()).getProbability();
            double told = each.getProbability();
            assertTrue(
                    Math.abs(told - right) <= by, each.getClassName() + ": " + told + ", " + right);
        }
    }

    private static Translator<Image, Classifications> translator() {
        return ImageClassificationTranslator.builder()
                .optFlag(Image.Flag.GRAYSCALE)
                .addTransform(new ToTensor())
                .optApplySoftmax(true)
                .optSynset(IntStream.range(0, 10).mapToObj(String::valueOf).toList())
                .build();
    }

    private static Image digit(int index) throws IOException {
        byte[] pixels = Digits.load(null).test().part(index, index + 1).pixels();
        BufferedImage image =
                new BufferedImage(Digits.SIDE, Digits.SIDE, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setDataElements(0, 0, Digits.SIDE, Digits.SIDE, pixels);
        return ImageFactory.getInstance().fromImage(image);
    }
}
