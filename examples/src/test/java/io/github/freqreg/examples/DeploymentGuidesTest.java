package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.CategoryMask;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.Translator;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.SegmentationTranslator;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyBlockFactory;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.interop.NameTable;
import io.github.freqreg.policy.FrequencyRegularization;
import java.awt.image.BufferedImage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Compiles and runs the code of the guides on files and on prediction. */
class DeploymentGuidesTest extends GuideTest {

    /** Stands for a class of an application, with a resource next to it. */
    private static final class App {}

    private Path saved() throws Exception {
        Path file = folder.resolve("lenet.frq");
        Block block = FrequencyRegularization.builder().optKept(60).build().apply(LeNet.build());
        block.initialize(manager, DataType.FLOAT32, input);
        FrequencyFile.save(block, file);
        return file;
    }

    @Test
    void serveInManyThreads() throws Exception {
        Path file = saved();
        NDList request = new NDList(manager.ones(input));
        ExecutorService pool = Executors.newFixedThreadPool(4);
        // serve-in-many-threads.md
        FrequencyFile.load(model, file);
        ThreadLocal<Predictor<NDList, NDList>> predictors =
                ThreadLocal.withInitial(() -> model.newPredictor(new NoopTranslator()));
        List<Future<float[]>> answers = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            answers.add(pool.submit(() -> predictors.get().predict(request).head().toFloatArray()));
        }
        // end
        for (Future<float[]> answer : answers) {
            assertArrayEquals(answers.get(0).get(), answer.get());
        }
        pool.shutdown();
    }

    @Test
    void aModelInsideAJar() throws Exception {
        Path resource = Path.of(App.class.getResource(".").toURI()).resolve("lenet.frq");
        Files.copy(saved(), resource, StandardCopyOption.REPLACE_EXISTING);
        try {
            // a-model-inside-a-jar.md
            Model model = Model.newInstance("digits");
            model.setBlock(LeNet.build());
            try (InputStream in = App.class.getResourceAsStream("lenet.frq")) {
                FrequencyFile.load(model, FrqDocument.decode(in.readAllBytes()));
            }
            // end
            assertEquals(60 * 4 + 580, CompressionReport.of(model.getBlock()).getKept());
            model.close();
        } finally {
            Files.delete(resource);
        }
    }

    @Test
    void theFileFormat() throws Exception {
        Path file = saved();
        Path bare = folder.resolve("bare.frq");
        // the-file-format.md
        FrqDocument document = FrqDocument.read(file);
        for (FrqEntry entry : document.entries()) {
            String name = entry.isNamed() ? entry.name() + " " + entry.shape() : "no name";
            String kind = entry.spectral() ? "coefficients" : "values";
            System.out.println(name + ": " + kind);
        }
        document.withoutNames().write(bare); // the network has them
        // end
        assertTrue(Files.size(bare) < Files.size(file));
        FrequencyFile.load(model, bare);
    }

    @Test
    void comingFromPyTorch() throws Exception {
        Path checkpoint = folder.resolve("theirs.safetensors");
        Path safetensors = folder.resolve("ours.safetensors");
        Block theirs = LeNet.build();
        theirs.initialize(manager, DataType.FLOAT32, input);
        ArrayFile.write(DenseWeights.of(theirs, manager, UnaryOperator.identity()), checkpoint);
        // coming-from-pytorch.md
        NDList state = ArrayFile.read(manager, checkpoint); // .pt, .pth, .bin, .safetensors or .npz
        DenseWeights.load(model, state, UnaryOperator.identity(), input); // by name, or in order
        FrequencyRegularization.builder().optBudget(8_000).build().apply(model); // then fine-tune
        // end
        assertEquals(8_000, CompressionReport.of(model.getBlock()).getKept());
        Path names = folder.resolve("names.txt");
        Model other = Model.newInstance("other");
        other.setBlock(LeNet.build());
        // coming-from-pytorch.md
        NameTable table =
                DenseWeights.match(other.getBlock(), state, UnaryOperator.identity(), input);
        table.write(names); // one line each: conv1.weight = 01Conv2d_weight
        DenseWeights.load(other, state, NameTable.read(names), input); // as it was corrected
        // end
        assertEquals(8, other.getBlock().getParameters().size());
        other.close();
        // coming-from-pytorch.md
        NDList weights = DenseWeights.of(model.getBlock(), manager, name -> "net." + name);
        ArrayFile.write(weights, safetensors); // torch: safetensors.torch.load_file
        // end
        assertTrue(Files.size(safetensors) > 4 * 431_080);
    }

    @Test
    void criteriaFindTheFile() throws Exception {
        Path file = folder.resolve("lenet.frq");
        Image image = ReadmeTest.digit(3);
        Translator<Image, Classifications> translator = ReadmeTest.translator();
        Classifications expected;
        try (Model model = Model.newInstance("lenet")) {
            Block block =
                    FrequencyRegularization.builder().optKept(200).build().apply(ReadmeTest.net());
            model.setBlock(block);
            Shape input = new Shape(1).addAll(LeNet.INPUT);
            block.initialize(model.getNDManager(), model.getDataType(), input);
            FrequencyFile.save(block, file);
            FrequencyFile.load(model, file);
            expected = model.newPredictor(translator).predict(image);
        }
        Classifications answer;
        // load-with-criteria.md
        FrequencyBlockFactory network = arguments -> LeNet.build(); // builds the network
        Criteria<Image, Classifications> criteria =
                Criteria.builder()
                        .setTypes(Image.class, Classifications.class)
                        .optModelPath(file) // or a folder; optModelUrls: a zip, a jar
                        .optArgument("blockFactory", network)
                        .optOption("hasParameter", "false") // there is no .params file
                        .optTranslator(translator)
                        .build();
        try (ZooModel<Image, Classifications> model = criteria.loadModel();
                Predictor<Image, Classifications> predictor = model.newPredictor()) {
            answer = predictor.predict(image);
        }
        // end
        ReadmeTest.assertSame(expected, answer, 1e-6);
    }

    @Test
    void segmentsAnImage() throws Exception {
        Path file = folder.resolve("unet.frq");
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block =
                    FrequencyRegularization.builder().optKept(33).build().apply(new UNet(64, 4, 2));
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 32, 32));
            FrequencyFile.save(block, file);
        }
        BufferedImage picture = new BufferedImage(32, 48, BufferedImage.TYPE_INT_RGB);
        Image photo = ImageFactory.getInstance().fromImage(picture);
        Image answer;
        // load-with-criteria.md
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(new UNet(64, 4, 2));
            FrequencyFile.load(model, file);
            try (Predictor<Image, CategoryMask> predictor =
                    model.newPredictor(new SegmentationTranslator())) {
                CategoryMask mask = predictor.predict(photo); // the class of each pixel
                answer = mask.getMaskImage(photo, 1); // only the object
            }
        }
        // end
        assertEquals(48, answer.getHeight());
    }
}
