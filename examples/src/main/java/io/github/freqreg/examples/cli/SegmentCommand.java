package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.ImageSize;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.tasks.InputScale;
import io.github.freqreg.examples.tasks.Segmentation;
import io.github.freqreg.examples.tasks.SegmentationMemory;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Segments the object in an image; {@link SegmentationMemory} bounds the memory. */
@Command(
        name = "segment",
        description = "Writes the mask of the object in an image, by a saved UNet.",
        mixinStandardHelpOptions = true,
        resourceBundle = ShapeArguments.OF_UNETS,
        sortOptions = false,
        footer =
                "Memory with the published UNet, in a .frq file: at most 1005 MiB, 1376 bytes for each"
                        + " pixel that the network sees, and 40 bytes for each pixel of the image.")
final class SegmentCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "IMAGE",
            description = "a PNG or JPEG image, turned upright as its EXIF data says")
    private Path image;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the saved UNet: " + WeightFile.KINDS)
    private Path weights;

    @Option(
            names = "--out",
            paramLabel = "MASK.png",
            converter = PngName.class,
            description = "write the mask to this file, in the image's size")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--overlay",
            paramLabel = "OVERLAY.png",
            converter = PngName.class,
            description = "write the image with the object tinted to this file")
    private Optional<Path> overlay = Optional.empty();

    @Mixin private DeviceArgument device;

    @Mixin private ShapeArguments unet;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        Usage.require(
                spec,
                out.isPresent() || overlay.isPresent(),
                "segment needs --out MASK.png or --overlay OVERLAY.png");
        for (Path file : Stream.of(out, overlay).flatMap(Optional::stream).toList()) {
            WholeFile.checkWritable(file);
        }
        ImageFile file = ImageFile.open(image);
        PrintWriter output = spec.commandLine().getOut();
        try (Model model = Model.newInstance("unet", device.get())) {
            unet.loadUNet(model, weights);
            InputScale scale = unet.scale();
            ImageSize seen = scale.of(model, file.size());
            SegmentationMemory.of(model, seen, file.size()).check(file, seen);
            BufferedImage picture = file.readRgb();
            if (!seen.equals(file.size())) {
                output.println(file + ": " + describe(scale, model, seen));
                output.flush();
            }
            boolean[] foreground = Segmentation.segment(model, scale, picture);
            if (out.isPresent()) {
                Masks.write(foreground, picture, out.get());
            }
            if (overlay.isPresent()) {
                Masks.writeOverlay(foreground, picture, overlay.get());
            }
            long pixels = 0;
            for (boolean each : foreground) {
                pixels += each ? 1 : 0;
            }
            output.printf(
                    Locale.ROOT,
                    "%s: %.1f%% of %s pixels are the object%n",
                    file,
                    100.0 * pixels / foreground.length,
                    file.size());
            output.flush();
        }
        return 0;
    }

    private String describe(InputScale scale, Model model, ImageSize seen) {
        if (scale != InputScale.TRAINED) {
            return "scaled to " + seen + ", as --size says; the mask is scaled back";
        }
        return "scaled to "
                + seen
                + (WeightFile.isFrq(weights)
                        ? ", since the network was trained on "
                        : ", since the file does not say what the network was trained on; the"
                                + " published one was on ")
                + InputScale.trained(model).orElseThrow()
                + "; the mask is scaled back. --size sets another size, 0 the image's own";
    }
}
