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

/**
 * Segments the object in an image with a saved UNet. Images that need more memory than {@link
 * SegmentationMemory} allows are rejected.
 */
@Command(
        name = "segment",
        description = "Segments the object in an image with a saved UNet.",
        mixinStandardHelpOptions = true,
        resourceBundle = ShapeArguments.OF_UNETS,
        sortOptions = false,
        footer =
                "Memory with the published UNet in a .frq file: at most 1005 MiB, plus 1376 bytes"
                        + " for"
                        + " each pixel of the scaled image, plus 40 bytes for each pixel of the"
                        + " image.")
final class SegmentCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "IMAGE",
            description = "a PNG or JPEG image; it is rotated by its EXIF orientation")
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
            description = "write the mask to this file, at the size of the image")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--overlay",
            paramLabel = "OVERLAY.png",
            converter = PngName.class,
            description = "write the image with the object tinted to this file")
    private Optional<Path> overlay = Optional.empty();

    @Mixin private DeviceArgument device;

    @Mixin private ShapeArguments unet;

    @Mixin private WeightOptions weightOptions;

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
            try (WeightFile opened = weightOptions.open(weights)) {
                unet.loadUNet(model, opened);
            }
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
                    "%s: %.1f%% of %s pixels belong to the object%n",
                    file,
                    100.0 * pixels / foreground.length,
                    file.size());
            output.flush();
        }
        return 0;
    }

    private String describe(InputScale scale, Model model, ImageSize seen) {
        if (scale != InputScale.TRAINED) {
            return "scaled to " + seen + ", the given --size; the mask is scaled back";
        }
        return "scaled to "
                + seen
                + (WeightFile.isFrq(weights)
                        ? ", because the network was trained at "
                        : ", because the file has no training size and the published network was"
                                + " trained at ")
                + InputScale.trained(model).orElseThrow()
                + "; the mask is scaled back. --size sets another size, --size 0 keeps the image's";
    }
}
