package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.Task.Score;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures a saved network on the test set of what it was trained for. */
@Command(
        name = "evaluate",
        description = "Measures a saved network on test data.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {

    @Mixin private NetworkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "what to measure: " + WeightFile.KINDS)
    private Path weights;

    @Option(names = "--verbose", description = "unet: print a line for each image")
    private boolean verbose;

    @Option(
            names = "--last",
            paramLabel = "N",
            description = "unet: measure the last N images by name alone")
    private Integer last;

    @Option(
            names = "--out-images",
            paramLabel = "DIR",
            description = "unet: write predicted masks and overlays there")
    private Path outImages;

    @Option(names = "--json", description = "write the result to this file as JSON")
    private Path json;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        if (json != null) {
            WholeFile.checkWritable(json);
        }
        Device device = arguments.device();
        PrintWriter out = spec.commandLine().getOut();
        if (arguments.network() == Network.UNET) {
            if (arguments.data() == null) {
                throw new ParameterException(
                        spec.commandLine(),
                        "evaluate unet needs --data DIR, a folder with images/ and masks/");
            }
            evaluateUNet(device, out);
        } else {
            try (Task task = arguments.task(null, 0);
                    Model model = arguments.load(task, weights)) {
                Score score = task.measure(model.getBlock(), model.getNDManager());
                out.println(score);
                writeJson(model, score, task.data().testAlone(), device);
            }
        }
        out.flush();
        return 0;
    }

    private void evaluateUNet(Device device, PrintWriter out)
            throws IOException, MalformedModelException {
        List<Segmentation.Pair> pairs = Segmentation.pairs(arguments.data());
        if (last != null) {
            if (last < 1 || last > pairs.size()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--last must be 1 to " + pairs.size() + " but is " + last);
            }
            pairs = pairs.subList(pairs.size() - last, pairs.size());
        }
        if (outImages != null) {
            Files.createDirectories(outImages);
        }
        try (Model model = Model.newInstance("unet", device)) {
            arguments.shape().loadUNet(model, weights);
            InputScale scale = arguments.shape().scale();
            double sum = 0;
            int scaled = 0;
            for (Segmentation.Pair pair : pairs) {
                ImageFile file = ImageFile.open(pair.image());
                ImageSize seen = scale.of(model, file.size());
                SegmentationMemory.of(model, seen, file.size()).check(file, seen);
                scaled += seen.equals(file.size()) ? 0 : 1;
                BufferedImage image = Segmentation.read(file);
                boolean[] right = Segmentation.mask(pair, image);
                boolean[] told = Segmentation.segment(model, scale, image);
                double dice = Segmentation.dice(told, right);
                sum += dice;
                if (verbose) {
                    out.printf(Locale.ROOT, "%s: Dice %.6f%n", pair.name(), dice);
                    out.flush();
                }
                if (outImages != null) {
                    Segmentation.writeMask(
                            told, image, outImages.resolve(pair.name() + "-mask.png"));
                    Segmentation.writeOverlay(
                            told, image, outImages.resolve(pair.name() + "-overlay.png"));
                }
            }
            out.printf(
                    Locale.ROOT,
                    "average Dice %.6f over %d images%s%n",
                    sum / pairs.size(),
                    pairs.size(),
                    scaled == 0
                            ? ""
                            : ", of which "
                                    + scaled
                                    + " were scaled for the network, and their masks back");
            DataSet data = new DataSet(Images.name(arguments.data()), 0, pairs.size(), 0);
            Score score = new Score("Dice", sum / pairs.size(), "");
            writeJson(model, score, data, device);
        }
    }

    private void writeJson(Model model, Score score, DataSet data, Device device)
            throws IOException {
        if (json != null) {
            Map<String, Object> result =
                    ResultJson.of(
                            arguments.network(),
                            data,
                            score,
                            FrequencyFile.countNumbers(model.getBlock()),
                            Files.size(weights));
            ResultJson.write(json, result, device);
        }
    }
}
