package io.github.freqreg.examples.cli;

import ai.djl.Model;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.report.Curves;
import io.github.freqreg.examples.report.Learning;
import io.github.freqreg.examples.tasks.Task;
import io.github.freqreg.format.WholeFile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option of a folder for pictures of a training. */
final class PlotOption {

    private static final String LEARNING = "learning.png";
    private static final String TRUNCATION = "truncation.png";

    @Option(
            names = "--plot",
            paramLabel = "DIR",
            description =
                    "write learning curves there as PNG, after a resume those of the epochs since;"
                            + " with --truncate the numbers kept too, in a file of their own; and"
                            + " images that vae and dcgan generate")
    private Optional<Path> folder = Optional.empty();

    /** Fails now, and not after the training, if the pictures cannot be written. */
    void check() throws IOException {
        if (folder.isPresent()) {
            WholeFile.checkWritable(folder.get().resolve(LEARNING));
            WholeFile.checkWritable(folder.get().resolve(TRUNCATION));
        }
    }

    void drawCurves(String title, Learning learning) throws IOException {
        if (folder.isPresent()) {
            PngFile.write(Curves.draw(title, learning), folder.get().resolve(LEARNING));
        }
    }

    void drawTruncation(String title, Learning learning) throws IOException {
        if (folder.isPresent()) {
            PngFile.write(Curves.drawTruncation(title, learning), folder.get().resolve(TRUNCATION));
        }
    }

    /** Draws what a model generates, if it generates images. */
    void drawSamples(Task task, Model model, String name) throws IOException {
        if (folder.isPresent()) {
            Optional<BufferedImage> sheet = task.samples(model.getBlock(), model.getNDManager());
            if (sheet.isPresent()) {
                PngFile.write(sheet.get(), folder.get().resolve(name + ".png"));
            }
        }
    }
}
