package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.training.tracker.Tracker;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.examples.cli.Main;
import io.github.freqreg.examples.data.DataException;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.WholeFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Trains a UNet on a Spark cluster by federated averaging, where coefficients alone are sent.
 *
 * <p>The images stay where they are: each partition reads or draws its own, once.
 */
@Command(
        name = "AverageTraining",
        description = "Trains a UNet on a Spark cluster, averaging coefficients.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class AverageTraining implements Callable<Integer> {

    private static final float FINAL_RATE = 0.1f;

    @Mixin private SparkArguments arguments;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "a folder that all executors see, with images/ and masks/; the last sixth by"
                            + " name is for the test (default: scenes are drawn)")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--images",
            defaultValue = "96",
            paramLabel = "N",
            description = "how many scenes are drawn without --data (default: ${DEFAULT-VALUE})")
    private int images;

    @Option(
            names = "--size",
            defaultValue = "96",
            paramLabel = "N",
            description = "the side to which images are scaled (default: ${DEFAULT-VALUE})")
    private int side;

    @Option(
            names = "--keep",
            defaultValue = "33",
            paramLabel = "N",
            description = "coefficients kept in each tensor (default: ${DEFAULT-VALUE})")
    private int kept;

    @Option(
            names = "--rounds",
            defaultValue = "20",
            paramLabel = "N",
            description = "how often coefficients are averaged (default: ${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--steps",
            defaultValue = "20",
            paramLabel = "N",
            description = "steps of each partition in a round (default: ${DEFAULT-VALUE})")
    private int steps;

    @Option(
            names = "--batch-size",
            defaultValue = "2",
            paramLabel = "N",
            description = "images in a step (default: ${DEFAULT-VALUE})")
    private int batchSize;

    @Option(
            names = "--learning-rate",
            defaultValue = "0.01",
            paramLabel = "R",
            description =
                    "Adam's in the first round, lowered along half a cosine"
                            + " (default: ${DEFAULT-VALUE})")
    private float learningRate;

    @Option(
            names = "--evaluate-every",
            defaultValue = "5",
            paramLabel = "N",
            description = "rounds between evaluations (default: ${DEFAULT-VALUE})")
    private int every;

    @Option(
            names = "--seed",
            defaultValue = "1",
            paramLabel = "N",
            description = "of weights, order and variation (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(names = "--out", paramLabel = "F.frq", description = "write the trained UNet there")
    private Optional<Path> out = Optional.empty();

    @Spec private CommandSpec spec;

    /** Made by the command line. */
    private AverageTraining() {}

    /**
     * Runs the job and ends the process with its exit code, as {@link Main} does.
     *
     * @param args the arguments
     */
    public static void main(String[] args) {
        System.exit(Main.run(command(), args));
    }

    static CommandLine command() {
        return new CommandLine(new AverageTraining());
    }

    /** {@inheritDoc} */
    @Override
    public Integer call() throws Exception {
        arguments.check("--images", images, 2);
        arguments.check("--keep", kept, 1);
        arguments.check("--rounds", rounds, 1);
        arguments.check("--steps", steps, 1);
        arguments.check("--batch-size", batchSize, 1);
        arguments.check("--evaluate-every", every, 1);
        if (!(learningRate > 0) || Float.isInfinite(learningRate)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--learning-rate must be above 0 and finite but is " + learningRate);
        }
        if (out.isPresent()) {
            WholeFile.checkWritable(out.get());
        }
        NetworkSize size = arguments.size();
        arguments.check("--size", side, 1 << size.depth());
        int partitions = arguments.partitions();
        List<SceneSource> all =
                data.isPresent()
                        ? SceneSource.of(ImagePair.pairs(data.get()))
                        : SceneSource.drawn(images);
        int first = all.size() - ImagePair.testCount(all.size());
        if (first < partitions) {
            throw new DataException(
                    "Expected a training image or more for each of "
                            + partitions
                            + " partitions but there are "
                            + first);
        }
        List<Scene> test = new ArrayList<>();
        for (SceneSource source : all.subList(first, all.size())) {
            test.add(source.scene(side));
        }
        byte[] start = size.draw(side, kept, seed);
        List<SceneSource> training = all.subList(0, first);
        arguments.run(
                "freqreg: federated averaging",
                spark -> {
                    byte[] trained = train(spark, training, test, size, start, partitions);
                    if (out.isPresent()) {
                        FrqDocument.decode(trained).write(out.get());
                    }
                });
        return 0;
    }

    private byte[] train(
            JavaSparkContext spark,
            List<SceneSource> sources,
            List<Scene> test,
            NetworkSize size,
            byte[] start,
            int partitions)
            throws MalformedModelException {
        int pixels = side;
        JavaRDD<Scene> scenes =
                spark.parallelize(sources, partitions)
                        .map(source -> source.scene(pixels))
                        // Each partition reads its scenes once, and has them in later rounds.
                        .cache();
        byte[] frq = start;
        long denseBytes = describe(size, frq, sources.size(), test, partitions);
        Tracker rate =
                Tracker.cosine()
                        .setBaseValue(learningRate)
                        .optFinalValue(learningRate * FINAL_RATE)
                        .setMaxUpdates(rounds)
                        .build();
        for (int round = 1; round <= rounds; round++) {
            LocalTraining training =
                    new LocalTraining(
                            size,
                            steps,
                            batchSize,
                            rate.getNewValue(round - 1),
                            seed * 1_000_003L + round);
            FederatedRound ended = FederatedRound.run(scenes, training, frq, denseBytes);
            frq = ended.frq();
            tell("round %d/%d: loss %.4f, %s%n", round, rounds, ended.loss(), ended.traffic());
            if (round % every == 0 || round == rounds) {
                evaluate(size, frq, test);
            }
        }
        return frq;
    }

    /** Tells what begins; returns the bytes of all weights in float32. */
    private long describe(
            NetworkSize size, byte[] frq, int trained, List<Scene> test, int partitions)
            throws MalformedModelException {
        try (Model model = size.load(frq)) {
            CompressionReport report = CompressionReport.of(model.getBlock());
            tell(
                    "UNet of width %d and depth %d: %,d numbers of %,d; %,d training and %,d test"
                            + " images, %dx%d, in %d partitions%n",
                    size.width(),
                    size.depth(),
                    FrequencyFile.countNumbers(model.getBlock()),
                    report.getOriginal(),
                    trained,
                    test.size(),
                    side,
                    side,
                    partitions);
            tellDice(model, test);
            return report.getDenseBytes();
        }
    }

    private void evaluate(NetworkSize size, byte[] frq, List<Scene> test)
            throws MalformedModelException {
        try (Model model = size.load(frq)) {
            tellDice(model, test);
        }
    }

    private void tellDice(Model model, List<Scene> test) {
        tell("test Dice %.4f%n", Segmentation.dice(model.getBlock(), model.getNDManager(), test));
    }

    private void tell(String format, Object... values) {
        PrintWriter output = spec.commandLine().getOut();
        output.printf(Locale.ROOT, format, values);
        output.flush();
    }
}
