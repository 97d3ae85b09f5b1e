package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.DrawnShapes;
import io.github.freqreg.examples.data.Example;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.training.BufferRetention;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A garbage collection between forward and backward pass changes no bit of a gradient: of the
 * examples' networks and losses; of any task that {@link Training} trains; and, with {@link
 * BufferRetention}, of DJL's blocks and losses, whose gradients are wrong without it.
 */
class GarbageCollectionTest {

    private static final int BATCH = 4;
    private static final int TRIES = 8;
    private static final int KEPT = 10;
    private static final Images.Split DIGITS = few(Digits.embedded());
    private static final Images.Split COLOURS = few(DrawnShapes.draw());

    @TempDir private Path folder;

    /** Blocks and losses of DJL 0.36.0 with wrong gradients if the collector runs during a pass. */
    enum Affected {
        MULTIPLY((labels, told) -> told.mul(2).square().sum()),
        DIVIDE((labels, told) -> told.div(2).square().sum()),
        POWER((labels, told) -> told.pow(3).sum()),
        MAXIMUM((labels, told) -> told.maximum(0.1).sum()),
        MINIMUM((labels, told) -> told.minimum(0.1).sum()),
        L2_LOSS(Loss.l2Loss()),
        WEIGHTED_CROSS_ENTROPY(Loss.softmaxCrossEntropyLoss("loss", 2, -1, false, true)),
        RELU6(Affected.linear(Activation.relu6Block())),
        SWISH(Affected.linear(Activation.swishBlock(1.5f))),
        MOBILENET(
                () ->
                        MobileNetV2.builder()
                                .optRepeatTimes(new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1})
                                .build(),
                (labels, told) -> told.square().sum(),
                new Shape(2, 1, 32, 32)),
        BERT(
                () ->
                        BertBlock.builder()
                                .nano()
                                .setTokenDictionarySize(20)
                                .optMaxSequenceLength(6)
                                .build(),
                (labels, told) -> told.square().sum(),
                new Shape(2, 6),
                new Shape(2, 6),
                new Shape(2, 6));

        private final Supplier<Block> block;
        private final Loss loss;
        private final Shape[] inputs;

        Affected(Loss loss) {
            this(linear(Activation.tanhBlock()), loss, new Shape(3, 5));
        }

        Affected(BiFunction<NDArray, NDArray, NDArray> loss) {
            this(linear(Activation.tanhBlock()), loss, new Shape(3, 5));
        }

        Affected(Supplier<Block> block) {
            this(block, (labels, told) -> told.square().sum(), new Shape(3, 5));
        }

        Affected(
                Supplier<Block> block,
                BiFunction<NDArray, NDArray, NDArray> loss,
                Shape... inputs) {
            this(
                    block,
                    new Loss("loss") {
                        @Override
                        public NDArray evaluate(NDList labels, NDList told) {
                            return loss.apply(labels.head(), told.head());
                        }
                    },
                    inputs);
        }

        Affected(Supplier<Block> block, Loss loss, Shape... inputs) {
            this.block = block;
            this.loss = loss;
            this.inputs = inputs;
        }

        private static Supplier<Block> linear(Block activation) {
            return () ->
                    new SequentialBlock().add(Linear.builder().setUnits(4).build()).add(activation);
        }

        private Example batch(NDManager manager) {
            Random random = new Random(5);
            NDList data = new NDList();
            for (Shape shape : inputs) {
                data.add(
                        this == BERT
                                ? manager.ones(shape, DataType.INT64)
                                : Noise.normal(manager, shape, random));
            }
            return new Example(data, new NDList(manager.ones(new Shape(3, 4))));
        }

        private float[] gradients(boolean collected, TrainingListener... listeners)
                throws Exception {
            return GarbageCollectionTest.gradients(
                    block.get(),
                    collected ? new CollectingLoss(loss) : loss,
                    this::batch,
                    inputs,
                    listeners);
        }
    }

    private interface Maker {
        Example batch(NDManager manager);
    }

    /** Computes all gradients in a new thread, because retention cannot be switched off in one. */
    private static float[] gradients(
            Block block, Loss loss, Maker maker, Shape[] inputs, TrainingListener... listeners)
            throws Exception {
        return inFreshThread(
                () -> {
                    Training.seed(3);
                    try (Model model = Model.newInstance("m", Device.cpu())) {
                        model.setBlock(block);
                        DefaultTrainingConfig config =
                                new DefaultTrainingConfig(loss)
                                        .optDevices(new Device[] {Device.cpu()})
                                        .addTrainingListeners(listeners);
                        try (Trainer trainer = model.newTrainer(config)) {
                            trainer.initialize(inputs);
                            return gradients(trainer, maker);
                        }
                    }
                });
    }

    private static float[] gradients(Trainer trainer, Maker maker) {
        try (NDManager manager = trainer.getManager().newSubManager()) {
            Example batch = maker.batch(manager);
            Training.seed(4); // dropout
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList told = trainer.forward(batch.data());
                collector.backward(trainer.getLoss().evaluate(batch.labels(), told));
            }
            NDList gradients = new NDList();
            for (Parameter parameter : trainer.getModel().getBlock().getParameters().values()) {
                if (parameter.requiresGradient()) {
                    NDArray gradient = parameter.getArray().getGradient();
                    gradient.attach(manager);
                    gradients.add(gradient.flatten());
                }
            }
            return NDArrays.concat(gradients).toFloatArray();
        }
    }

    private static <T> T inFreshThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "fresh");
        thread.start();
        thread.join();
        return task.get();
    }

    /** Prints in how many of eight passes the gradients of each case were wrong. */
    public static void main(String[] arguments) throws Exception {
        for (Affected affected : Affected.values()) {
            float[] expected = affected.gradients(false);
            int wrong = 0;
            for (int i = 0; i < TRIES; i++) {
                wrong += Arrays.equals(expected, affected.gradients(true)) ? 0 : 1;
            }
            System.out.println(affected + " " + wrong);
        }
    }

    /** Shows that the other tests can fail; in a separate process, which may end by SIGSEGV. */
    @Test
    void djlAloneIsWrong() throws Exception {
        assumeTrue(
                System.getProperty("os.name").equals("Linux"),
                "another system may hand out freed memory later");
        Path log = folder.resolve("log");
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx512m",
                                "-Dai.djl.offline=true",
                                "-XX:ErrorFile=" + folder.resolve("error"),
                                "-cp",
                                System.getProperty("java.class.path"),
                                GarbageCollectionTest.class.getName())
                        .redirectOutput(log.toFile())
                        .redirectError(folder.resolve("err").toFile());
        builder.environment().put("OMP_NUM_THREADS", "1");
        Process process = builder.start();
        assertTrue(process.waitFor(180, TimeUnit.SECONDS));
        List<String> lines = Files.readAllLines(log);
        for (Affected affected : Affected.values()) {
            if (affected.ordinal() < lines.size()) {
                String line = lines.get(affected.ordinal());
                assertTrue(line.matches(affected + " [1-8]"), line);
            } else {
                assertTrue(process.exitValue() != 0, affected.toString());
                break; // The process crashed, which also counts as wrong.
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void djlWithRetentionIsRight(Affected affected) throws Exception {
        float[] expected = affected.gradients(false);
        int wrong = 0;
        for (int i = 0; i < TRIES; i++) {
            float[] gradients = affected.gradients(true, new BufferRetention());
            wrong += Arrays.equals(expected, gradients) ? 0 : 1;
        }
        assertEquals(0, wrong);
    }

    static Stream<Arguments> networks() {
        return Stream.of(Network.values())
                .flatMap(n -> Stream.of(Arguments.of(n, false), Arguments.of(n, true)));
    }

    /** The smallest version of each network. */
    private static Task task(Network network) throws Exception {
        return switch (network) {
            case LENET ->
                    new ClassificationTask(network, DIGITS, 0, Digits.SIDE, network.variation());
            case UNET -> ScenesTask.drawn(40, 8, 2, 1);
            case DCGAN -> new DcganTask(DIGITS, Integer.MAX_VALUE, 1);
            case VAE -> new VaeTask(DIGITS, 16);
            case ALEXNET, VGG, RESNET18, SEPARABLE, CONVNET, VIT -> {
                int width = network == Network.VIT ? 64 : 1;
                yield new ClassificationTask(
                        network, COLOURS, width, network.side(), network.variation());
            }
        };
    }

    private static Images.Split few(Images.Split all) {
        return new Images.Split(
                all.training().part(0, 2 * BATCH),
                all.validation().part(0, BATCH),
                all.test().part(0, BATCH),
                all.source());
    }

    private static Block block(Task task, boolean compressed) {
        Block block = task.network();
        return compressed
                ? FrequencyRegularization.builder().optKept(KEPT).build().apply(block)
                : block;
    }

    /** The examples' networks and losses need no retention. */
    @ParameterizedTest(name = "{0}, compressed {1}")
    @MethodSource("networks")
    void gradientsOfNetworksAndLossesAreEqual(Network network, boolean compressed)
            throws Exception {
        try (Task task = task(network)) {
            List<float[]> gradients = new ArrayList<>();
            for (Loss loss : List.of(task.loss(), new CollectingLoss(task.loss()))) {
                gradients.add(
                        gradients(
                                block(task, compressed),
                                loss,
                                manager -> task.batch(manager, List.of(0, 1, 2, 3), new Random(1)),
                                task.inputs(BATCH)));
            }
            assertArrayEquals(gradients.get(0), gradients.get(1));
        }
    }

    /** A task whose loss multiplies by Java numbers, which is right only with retention. */
    private static final class Numbered extends ChangedTask {

        private final boolean collected;

        Numbered(Task task, boolean collected) {
            super(task, 2 * BATCH);
            this.collected = collected;
        }

        @Override
        public Loss loss() {
            Loss plain = super.loss();
            Loss numbered =
                    new Loss("loss") {
                        @Override
                        public NDArray evaluate(NDList labels, NDList told) {
                            return plain.evaluate(labels, told).mul(3).div(2);
                        }
                    };
            return collected ? new CollectingLoss(numbered) : numbered;
        }

        @Override
        public Score measure(Part part, Block block, NDManager manager) {
            return new Score("none", 0, "none");
        }
    }

    /** Two steps of {@link Training} give the same parameters with and without collections. */
    @ParameterizedTest(name = "{0}, compressed {1}")
    @MethodSource("networks")
    void theProgramsTrainingIsRight(Network network, boolean compressed) throws Exception {
        try (Task task = task(network)) {
            byte[] expected = trained(new Numbered(task, false), compressed);
            assertArrayEquals(expected, trained(new Numbered(task, true), compressed));
        }
    }

    private static byte[] trained(Task task, boolean compressed) throws Exception {
        TrainingPlan plan =
                new TrainingPlan(
                        1,
                        new Task.Settings(BATCH, 1e-3f, 0.9f, 0),
                        Descent.SGD,
                        0,
                        Optional.empty(),
                        1);
        return inFreshThread(
                () -> {
                    Training.seed(1);
                    try (Model model = Model.newInstance("m", Device.cpu())) {
                        model.setBlock(block(task, compressed));
                        new Training(task, plan, TrainingLog.SILENT).run(model, Device.cpu());
                        return FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32)
                                .encode();
                    }
                });
    }
}
