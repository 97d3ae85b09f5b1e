package io.github.freqreg.examples;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells the object of an image from its background. */
@Command(
        name = "segment",
        description = "Writes the mask of the object in an image, by a saved UNet.",
        mixinStandardHelpOptions = true,
        resourceBundle = ShapeArguments.OF_UNETS,
        sortOptions = false)
final class SegmentCommand implements Callable<Integer> {

    @Parameters(paramLabel = "IMAGE", description = "a PNG or JPEG image of any size")
    private Path image;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the saved UNet: " + WeightFile.KINDS)
    private Path weights;

    @Option(names = "--out", paramLabel = "MASK.png", description = "write the mask to this file")
    private Path out;

    @Option(
            names = "--overlay",
            paramLabel = "OVERLAY.png",
            description = "write the image with the object tinted to this file")
    private Path overlay;

    @Mixin private DeviceArgument device;

    @Mixin private ShapeArguments unet;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        if (out == null && overlay == null) {
            throw new ParameterException(
                    spec.commandLine(), "segment needs --out MASK.png or --overlay OVERLAY.png");
        }
        BufferedImage picture = Segmentation.read(image);
        try (Model model = Model.newInstance("unet", device.get())) {
            unet.loadUNet(model, weights);
            boolean[] foreground = Segmentation.segment(model, unet.size(model), picture);
            if (out != null) {
                Segmentation.writeMask(foreground, picture, out);
            }
            if (overlay != null) {
                Segmentation.writeOverlay(foreground, picture, overlay);
            }
            long pixels = 0;
            for (boolean each : foreground) {
                pixels += each ? 1 : 0;
            }
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%s: %.1f%% of %dx%d pixels are the object%n",
                            image,
                            100.0 * pixels / foreground.length,
                            picture.getWidth(),
                            picture.getHeight());
            spec.commandLine().getOut().flush();
        }
        return 0;
    }
}
