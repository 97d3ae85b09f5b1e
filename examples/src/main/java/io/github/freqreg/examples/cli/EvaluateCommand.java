package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.report.ResultJson;
import io.github.freqreg.examples.tasks.InputScale;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Part;
import io.github.freqreg.examples.tasks.Score;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.examples.tasks.SegmentationMemory;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.interop.ArrayFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Loads a saved network and measures it on the test set of its task. */
@Command(
        name = "evaluate",
        description =
                "Measures a saved network on test data: unet on all images of a folder, also those"
                        + " that train unet was trained on.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {

    @Mixin private NetworkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the file to load: " + WeightFile.KINDS)
    private Path weights;

    @Option(names = "--verbose", description = "unet: print the Dice coefficient of each image")
    private boolean verbose;

    @Option(
            names = "--last",
            paramLabel = "N",
            description =
                    "unet: measure only the last N images, in order of their names; the test set of"
                            + " train unet is the last sixth, rounded up")
    private Optional<Integer> last = Optional.empty();

    @Option(
            names = "--out-images",
            paramLabel = "DIR",
            description = "unet: write predicted masks and overlays to this folder")
    private Optional<Path> outImages = Optional.empty();

    @Mixin private WeightOptions weightOptions;

    @Mixin private JsonOption json;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        json.check();
        Network network = arguments.network();
        Usage.require(
                spec,
                network == Network.UNET || !verbose && last.isEmpty() && outImages.isEmpty(),
                "--verbose, --last and --out-images do not apply to " + network.command());
        PrintWriter out = spec.commandLine().getOut();
        if (network == Network.UNET) {
            evaluateUNet(arguments.data().orElseThrow(this::missingData), out);
        } else {
            try (Task task = arguments.task();
                    Model model = load(task)) {
                Score score = task.measure(Part.TEST, model.getBlock(), model.getNDManager());
                out.println(score);
                writeJson(model, score, task.data().testAlone());
            }
        }
        out.flush();
        return 0;
    }

    private Model load(Task task) throws IOException, MalformedModelException {
        try (WeightFile file = weightOptions.open(weights)) {
            return arguments.load(task, file);
        }
    }

    private ParameterException missingData() {
        return new ParameterException(
                spec.commandLine(),
                "evaluate unet needs --data DIR, a folder with images/ and masks/");
    }

    private void evaluateUNet(Path data, PrintWriter out)
            throws IOException, MalformedModelException {
        List<ImagePair> pairs = pairs(data);
        if (outImages.isPresent()) {
            Files.createDirectories(outImages.get());
        }
        try (Model model = Model.newInstance("unet", arguments.device())) {
            try (WeightFile file = weightOptions.open(weights)) {
                arguments.shape().loadUNet(model, file);
            }
            InputScale scale = arguments.shape().scale();
            double sum = 0;
            int scaled = 0;
            for (ImagePair pair : pairs) {
                ImageFile file = ImageFile.open(pair.image());
                ImageSize seen = scale.of(model, file.size());
                SegmentationMemory.of(model, seen, file.size()).check(file, seen);
                scaled += seen.equals(file.size()) ? 0 : 1;
                BufferedImage image = file.readRgb();
                boolean[] right = Masks.read(pair, image);
                boolean[] predicted = Segmentation.segment(model, scale, image);
                double dice = Segmentation.dice(predicted, right);
                sum += dice;
                if (verbose) {
                    out.printf(Locale.ROOT, "%s: Dice %.6f%n", pair.name(), dice);
                    out.flush();
                }
                if (outImages.isPresent()) {
                    Path folder = outImages.get();
                    Masks.write(predicted, image, folder.resolve(pair.name() + "-mask.png"));
                    Masks.writeOverlay(
                            predicted, image, folder.resolve(pair.name() + "-overlay.png"));
                }
            }
            out.printf(
                    Locale.ROOT,
                    "average Dice %.6f over %d images%s%n",
                    sum / pairs.size(),
                    pairs.size(),
                    scaled == 0
                            ? ""
                            : "; "
                                    + scaled
                                    + " scaled for the network, with their masks scaled back");
            writeJson(
                    model,
                    new Score("Dice", sum / pairs.size(), ""),
                    new DataSet(Images.name(data), 0, 0, pairs.size(), 0));
        }
    }

    private List<ImagePair> pairs(Path data) throws IOException {
        List<ImagePair> pairs = ImagePair.pairs(data);
        int count = last.orElse(pairs.size());
        Usage.require(
                spec,
                count >= 1 && count <= pairs.size(),
                "--last must be 1 to " + pairs.size() + " but is " + count);
        return pairs.subList(pairs.size() - count, pairs.size());
    }

    private void writeJson(Model model, Score score, DataSet data)
            throws IOException, MalformedModelException {
        long bytes = ArrayFile.size(weights);
        json.write(
                () ->
                        ResultJson.of(
                                arguments.network(),
                                data,
                                score,
                                FrequencyFile.countNumbers(model.getBlock()),
                                bytes),
                arguments.device());
    }
}
