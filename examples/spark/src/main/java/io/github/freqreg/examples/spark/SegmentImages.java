package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.file.CompressionReport;
import io.github.freqreg.examples.cli.Main;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.format.FrqDocument;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Segments images on a Spark cluster.
 *
 * <p>The bytes of a {@code .frq} file are broadcast; each executor loads the network once. What
 * comes back of an image is its mask, a bit for each pixel, and its Dice coefficient.
 */
@Command(
        name = "SegmentImages",
        description = "Tells the objects in images, on a Spark cluster.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class SegmentImages implements Callable<Integer> {

    @Mixin private SparkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "F.frq",
            description = "the saved UNet")
    private Path weights;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "a folder that all executors see, with images/ and, to measure, masks/"
                            + " (default: scenes are drawn)")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--images",
            defaultValue = "24",
            paramLabel = "N",
            description = "how many scenes are drawn without --data (default: ${DEFAULT-VALUE})")
    private int images;

    @Option(
            names = "--size",
            defaultValue = "96",
            paramLabel = "N",
            description = "the side of drawn scenes in pixels (default: ${DEFAULT-VALUE})")
    private int side;

    @Option(names = "--out", paramLabel = "DIR", description = "write the masks there")
    private Optional<Path> out = Optional.empty();

    @Spec private CommandSpec spec;

    /** Made by the command line. */
    private SegmentImages() {}

    /**
     * Runs the job and ends the process with its exit code, as {@link Main} does.
     *
     * @param args the arguments
     */
    public static void main(String[] args) {
        System.exit(Main.run(command(), args));
    }

    static CommandLine command() {
        return new CommandLine(new SegmentImages());
    }

    /** {@inheritDoc} */
    @Override
    public Integer call() throws Exception {
        arguments.check("--images", images, 1);
        arguments.check("--size", side, 2);
        NetworkSize size = arguments.size();
        int partitions = arguments.partitions();
        byte[] frq = FrqDocument.readBytes(weights);
        long dense = denseBytes(size, frq);
        List<SceneSource> sources =
                data.isPresent()
                        ? SceneSource.of(ImagePair.images(data.get()))
                        : SceneSource.drawn(images);
        arguments.run(
                "freqreg: segmentation",
                spark -> tell(segment(spark, sources, partitions, size, frq, side), frq, dense));
        return 0;
    }

    /** Loads the network here first: what is wrong with it is told before a cluster is asked. */
    private long denseBytes(NetworkSize size, byte[] frq) throws MalformedModelException {
        try (Model model = size.load(frq)) {
            return CompressionReport.of(model.getBlock()).getDenseBytes();
        } catch (MalformedModelException e) {
            throw new MalformedModelException(weights + ": " + e.getMessage(), e);
        }
    }

    /**
     * Segments images.
     *
     * @param spark the cluster
     * @param sources the images
     * @param partitions how many parts they are dealt into
     * @param size what the file does not hold
     * @param frq the bytes of the file
     * @param side of drawn scenes in pixels
     * @return the answers in the order of the sources
     */
    static List<Answer> segment(
            JavaSparkContext spark,
            List<SceneSource> sources,
            int partitions,
            NetworkSize size,
            byte[] frq,
            int side) {
        Broadcast<byte[]> network = spark.broadcast(frq);
        try {
            return spark.parallelize(sources, partitions)
                    .map(
                            source ->
                                    answer(
                                            source,
                                            ExecutorNetworks.get(size, network.value()),
                                            side))
                    .collect();
        } finally {
            network.destroy();
        }
    }

    private static Answer answer(SceneSource source, Model model, int side) {
        SceneSource.Picture picture = source.picture(side);
        BufferedImage image = picture.image();
        boolean[] told = Segmentation.segment(model, image);
        BitSet bits = new BitSet(told.length);
        for (int i = 0; i < told.length; i++) {
            bits.set(i, told[i]);
        }
        return new Answer(
                source.name(),
                image.getWidth(),
                image.getHeight(),
                bits.toByteArray(),
                picture.mask().map(mask -> Segmentation.dice(told, mask)).orElse(Double.NaN));
    }

    /**
     * What an executor says of an image.
     *
     * @param name the source's
     * @param width of the image in pixels
     * @param height of the image in pixels
     * @param mask a bit for each pixel, row by row, without zeros at the end
     * @param dice the Dice coefficient, NaN where there is no mask to compare with
     */
    record Answer(String name, int width, int height, byte[] mask, double dice)
            implements Serializable {

        boolean isMeasured() {
            return !Double.isNaN(dice);
        }

        boolean[] foreground() {
            BitSet bits = BitSet.valueOf(mask);
            boolean[] foreground = new boolean[width * height];
            bits.stream().forEach(pixel -> foreground[pixel] = true);
            return foreground;
        }
    }

    private void tell(List<Answer> answers, byte[] frq, long dense) throws IOException {
        PrintWriter output = spec.commandLine().getOut();
        long masks = 0;
        for (Answer answer : answers) {
            masks += answer.mask().length;
            output.printf(
                    Locale.ROOT,
                    "%s: %dx%d pixels%s%n",
                    answer.name(),
                    answer.width(),
                    answer.height(),
                    answer.isMeasured()
                            ? String.format(Locale.ROOT, ", Dice %.6f", answer.dice())
                            : "");
            if (out.isPresent()) {
                BufferedImage image =
                        new BufferedImage(
                                answer.width(), answer.height(), BufferedImage.TYPE_BYTE_GRAY);
                Masks.write(
                        answer.foreground(), image, out.get().resolve(answer.name() + "-mask.png"));
            }
        }
        if (answers.stream().allMatch(Answer::isMeasured)) {
            output.printf(
                    Locale.ROOT,
                    "average Dice %.6f over %d images%n",
                    answers.stream().mapToDouble(Answer::dice).average().orElseThrow(),
                    answers.size());
        }
        output.printf(
                Locale.ROOT,
                "the network, broadcast to each executor: %,d bytes instead of %,d (dense float32),"
                        + " %,d times fewer%n",
                frq.length,
                dense,
                dense / frq.length);
        output.printf(Locale.ROOT, "masks collected: %,d bytes%n", masks);
        output.flush();
    }
}
