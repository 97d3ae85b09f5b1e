package io.github.freqreg.examples;

import static ai.djl.nn.Parameter.Type.RUNNING_MEAN;
import static ai.djl.nn.Parameter.Type.RUNNING_VAR;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.CategoryMask;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.DenseWeights;
import io.github.freqreg.FrequencyBlockFactory;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.TensorChoice;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.spectrum.FrequencyTensor;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.BufferRetention;
import io.github.freqreg.training.ByteBudget;
import io.github.freqreg.training.TailTruncation;
import io.github.freqreg.training.TruncationSchedule;
import java.awt.image.BufferedImage;
import java.io.IOException;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of the guides: compiled and run here, and compared with their texts. */
class GuidesTest {

    private static final Path GUIDES = Path.of("guides");
    private static final Images.Split DIGITS = Digits.load(null).subset(1_600);

    @TempDir private Path folder;

    private final Shape input = new Shape(1).addAll(LeNet.INPUT);
    private NDManager manager;
    private Model model;

    /** A class of a user, whose resources are beside it. */
    private static final class App {}

    @BeforeEach
    void open() {
        Engine.getInstance().setRandomSeed(1);
        manager = NDManager.newBaseManager();
        model = Model.newInstance("mine");
        model.setBlock(LeNet.build());
    }

    @AfterEach
    void close() {
        model.close();
        manager.close();
    }

    @Test
    void theGuidesShowTheCodeOfThisClass() throws Exception {
        List<String> names;
        try (Stream<Path> files = Files.list(GUIDES)) {
            names = files.map(file -> file.getFileName().toString()).sorted().toList();
        }
        assertEquals(12, names.size());
        String index = Files.readString(GUIDES.resolve("README.md"));
        for (String name : names) {
            if (!name.equals("README.md")) {
                assertTrue(index.contains("(" + name + ")"), name);
                List<String> here = Snippets.run(GuidesTest.class, name);
                assertFalse(here.isEmpty(), name);
                assertEquals(
                        String.join("\n---\n", here),
                        String.join("\n---\n", Snippets.shown(GUIDES.resolve(name))));
            }
        }
    }

    @Test
    void wrapYourOwnModel() {
        Block block =
                new SequentialBlock()
                        .add(Linear.builder().setUnits(300).build())
                        .add(Activation.reluBlock())
                        .add(Linear.builder().setUnits(10).build());
        Shape input = new Shape(1, 784);
        // wrap-your-own-model.md
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKeepRate(0.02)
                        .optExclude("03Linear") // a regular expression on names of parameters
                        .build();
        for (TensorChoice choice : policy.plan(block, input)) {
            System.out.println(choice); // each tensor: its layer and shape, taken or left, and why
        }
        Block wrapped = policy.apply(block, input); // use this one from now on
        // end
        wrapped.initialize(manager, DataType.FLOAT32, input);
        assertEquals(4_705 + 300 + 3_000 + 10, CompressionReport.of(wrapped).getKept());
        NDList image = new NDList(manager.ones(input));
        float[] before = forward(wrapped, image);
        // wrap-your-own-model.md
        Block plain = FrequencyRegularization.toDense(wrapped);
        // end
        assertFalse(FrequencyRegularization.isWrapped(plain));
        assertArrayEquals(before, forward(plain, image), 1e-4f);
    }

    private float[] forward(Block block, NDList image) {
        return block.forward(new ParameterStore(manager, false), image, false)
                .head()
                .toFloatArray();
    }

    @Test
    void chooseABudget() throws Exception {
        // choose-a-budget.md
        FrequencyRegularization policy =
                FrequencyRegularization.builder()
                        .optKeepRate(0.01)
                        .addOverrideKept("01Conv2d_weight", 80) // small, and matters
                        .addSplit("06Linear_weight", new Shape(500, 50, 4, 4)) // 50 maps of 4×4
                        .addAxisWeights("03Conv2d_weight", 1, 1, 2, 2) // channels over kernels
                        .optBalancedStart(3) // deep networks of few numbers learn sooner
                        .build();
        Block block = policy.apply(LeNet.build(), input);
        block.initialize(manager, DataType.FLOAT32, input);
        System.out.println(CompressionReport.of(block)); // numbers and bytes, tensor by tensor
        // end
        assertEquals(80 + 251 + 4_001 + 256 + 580, CompressionReport.of(block).getKept());

        Path file = folder.resolve("budget.frq");
        model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, input);
        // choose-a-budget.md
        long bytes = 3_000;
        FrequencyRegularization.builder().optBudgetBytes(bytes).build().apply(model);
        Adam adam = Adam.builder().build();
        ByteBudget budget = ByteBudget.builder(bytes).optOptimizer(adam).optFirstEpoch(2).build();
        train(model, adam, budget); // a trainer with this optimiser and this listener, four epochs
        FrequencyFile.save(model.getBlock(), file, budget.getQuantization());
        // end
        assertTrue(Files.size(file) <= bytes);
    }

    private static void train(Model model, Optimizer optimizer, TrainingListener... listeners)
            throws Exception {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                        .optOptimizer(optimizer)
                        .addTrainingListeners(listeners);
        try (Trainer trainer = model.newTrainer(config);
                NDManager data = model.getNDManager().newSubManager()) {
            trainer.initialize(new Shape(32).addAll(LeNet.INPUT));
            EasyTrain.fit(trainer, 4, DIGITS.training().dataset(data, 32, true), null);
        }
    }

    private double accuracy(Model model) throws Exception {
        Images test = DIGITS.test();
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager data = manager.newSubManager()) {
            Task.Example example = test.arrays(data);
            NDArray told = predictor.predict(example.data()).head().argMax(1);
            NDArray labels = example.labels().head().toType(told.getDataType(), false);
            return told.toDevice(labels.getDevice(), false).eq(labels).sum().getLong()
                    / (double) test.size();
        }
    }

    @Test
    void fineTuneATrainedModel() throws Exception {
        train(model, Adam.builder().build());
        // fine-tune-a-trained-model.md
        FrequencyRegularization.builder().optBudget(43_000).build().apply(model); // a tenth
        double before = accuracy(model);
        train(model, Adam.builder().optLearningRateTracker(Tracker.fixed(0.002f)).build());
        double after = accuracy(model);
        // end
        assertTrue(after > before + 0.05 && after > 0.8, before + ", then " + after);
        // fine-tune-a-trained-model.md
        SequentialBlock net = (SequentialBlock) model.getBlock();
        net.replaceLastBlock(Linear.builder().setUnits(3).build());
        FrequencyRegularization.builder().optKept(100).build().apply(model, input);
        for (Block body : net.getChildren().values().subList(0, net.getChildren().size() - 1)) {
            body.freezeParameters(true);
        }
        // … train the head …
        net.freezeParameters(
                false, each -> each.getType() != RUNNING_MEAN && each.getType() != RUNNING_VAR);
        // end
    }

    @Test
    void truncationSchedules() throws Exception {
        // truncation-schedules.md
        FrequencyRegularization.builder()
                .optStartRate(1.0) // all at first
                .optKeepRate(0.02) // in the end
                .build()
                .apply(model);
        TailTruncation truncation =
                TailTruncation.builder()
                        .optSchedule(TruncationSchedule.cubic(40)) // 40 cuts, large ones first
                        .optEveryBatches(1)
                        .build();
        train(model, Adam.builder().build(), truncation);
        FrequencyRegularization.compact(model.getBlock()); // where no trainer lives
        // end
        assertEquals(
                128 + 501 + 8_001 + 256 + 580, CompressionReport.of(model.getBlock()).getKept());
    }

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
        Path beside = Path.of(App.class.getResource(".").toURI()).resolve("lenet.frq");
        Files.copy(saved(), beside, StandardCopyOption.REPLACE_EXISTING);
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
            Files.delete(beside);
        }
    }

    @Test
    void theFileFormat() throws Exception {
        Path file = saved();
        Path bare = folder.resolve("bare.frq");
        // the-file-format.md
        FrqDocument document = FrqDocument.read(file);
        for (FrqEntry entry : document.entries()) {
            String kind = entry.spectral() ? "coefficients" : "values";
            System.out.println(entry.name() + " " + entry.shape() + ": " + kind);
        }
        document.withoutNames().write(bare); // the network has them
        // end
        assertTrue(Files.size(bare) < Files.size(file));
        FrequencyFile.load(model, bare);
    }

    @Test
    void howItWorks() {
        NDArray weight = manager.randomNormal(new Shape(12, 10, 3, 3));
        // how-it-works.md
        FrequencyTensor tensor = FrequencyTensor.of(weight, 100); // the first 100 coefficients
        NDArray rebuilt = tensor.toSpatial(manager);
        NDArray lost = weight.sub(rebuilt).square().sum(); // the energy of what was cut
        // end
        double kept = 0;
        for (float coefficient : tensor.coefficients()) {
            kept += coefficient * coefficient;
        }
        double all = weight.square().sum().getFloat();
        assertEquals(all, kept + lost.getFloat(), 1e-4 * all);
    }

    @Test
    void comingFromPyTorch() throws Exception {
        Path checkpoint = folder.resolve("theirs.safetensors");
        Path safetensors = folder.resolve("ours.safetensors");
        Block theirs = LeNet.build();
        theirs.initialize(manager, DataType.FLOAT32, input);
        ArrayFile.write(DenseWeights.of(theirs, manager, UnaryOperator.identity()), checkpoint);
        // coming-from-pytorch.md
        NDList state = ArrayFile.read(manager, checkpoint); // .pt, .pth, .safetensors or .npz
        DenseWeights.load(model, state, UnaryOperator.identity(), input); // by name, or in order
        FrequencyRegularization.builder().optBudget(8_000).build().apply(model); // then fine-tune
        // end
        assertEquals(8_000, CompressionReport.of(model.getBlock()).getKept());
        // coming-from-pytorch.md
        NDList weights = DenseWeights.of(model.getBlock(), manager, name -> "net." + name);
        ArrayFile.write(weights, safetensors); // torch: safetensors.torch.load_file
        // end
        assertTrue(Files.size(safetensors) > 4 * 431_080);
    }

    @Test
    void garbageCollection() throws Exception {
        DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.l2Loss());
        // garbage-collection.md
        config.addTrainingListeners(new BufferRetention());
        // end
        assertEquals(1, config.getTrainingListeners().size());
        // garbage-collection.md
        BufferRetention.inThisThread(); // once, before training
        // end
        // garbage-collection.md
        NDArray x = manager.ones(new Shape(1));
        x.setRequiresGradient(true);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray y = x.mul(2); // the graph keeps the 2, in Java's memory
            System.gc(); // frees that memory: the array of the 2 is closed already
            Thread.sleep(100);
            collector.backward(y);
        }
        System.out.println(x.getGradient().getFloat()); // should be 2.0; DJL 0.36.0 prints 1.0
        // end
        assertEquals(2, x.getGradient().getFloat());
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
        FrequencyBlockFactory network = arguments -> LeNet.build(); // the class, from your code
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
                answer = mask.getMaskImage(photo, 1); // the object alone
            }
        }
        // end
        assertEquals(48, answer.getHeight());
    }

    @Test
    void truncatesStepByStep() throws IOException, TranslateException {
        try (Model model = Model.newInstance("mine")) {
            Dataset trainingSet = ReadmeTest.digits(model);
            model.setBlock(ReadmeTest.net());
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                            .optOptimizer(Optimizer.adam().build());
            // truncation-schedules.md
            FrequencyRegularization.builder()
                    .optKeepRate(0.01) // where truncation ends
                    .optStartRate(1.0) // where it starts
                    .build()
                    .apply(model);
            config.addTrainingListeners(
                    TailTruncation.builder()
                            .optSchedule(TruncationSchedule.geometric(0.5))
                            .optEveryBatches(1)
                            .build());
            // end
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(32).addAll(LeNet.INPUT));
                EasyTrain.fit(trainer, 1, trainingSet, null);
            }
            assertEquals(5_216, CompressionReport.of(model.getBlock()).getKept());
        }
    }
}
