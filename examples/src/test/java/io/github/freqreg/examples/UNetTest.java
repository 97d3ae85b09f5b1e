package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Model;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.github.freqreg.CompressionReport;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.FrequencyRegularization;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UNetTest {

    @TempDir private Path folder;

    @Test
    void takesImagesOfAnySize() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block = new UNet(3, 2, 2);
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 16, 16));
            for (Shape shape : new Shape[] {new Shape(1, 3, 16, 16), new Shape(2, 3, 11, 22)}) {
                NDList answer =
                        block.forward(
                                new ParameterStore(manager, false),
                                new NDList(manager.randomNormal(shape)),
                                false);
                assertEquals(
                        block.getOutputShapes(new Shape[] {shape})[0], answer.head().getShape());
                assertEquals(
                        new Shape(shape.get(0), 2, shape.get(2), shape.get(3)),
                        answer.head().getShape());
            }
        }
    }

    @Test
    void isWrappedAsAWhole() {
        Block block =
                FrequencyRegularization.builder()
                        .optKept(33)
                        .build()
                        .apply(new UNet(4, 2, 2), new Shape(1, 3, 16, 16));
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, new Shape(1, 3, 16, 16));
            long kept = 0;
            for (Parameter parameter : block.getParameters().values()) {
                kept += parameter.getArray().size();
            }
            assertEquals(kept, CompressionReport.of(block).getKept());
            assertTrue(kept < 13 * 33 + 1, "kept " + kept);
        }
    }

    @Test
    void sizesBelowOneAreRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new UNet(4, 0, 2));
        assertTrue(e.getMessage().contains("4, 0 and 2"), e.getMessage());
    }

    @Test
    void thePublishedUNetSegmentsAsItsAuthorsSay() throws Exception {
        String variable = System.getenv("FREQREG_DATA");
        Path data = Path.of(variable != null ? variable : "../../shared/data");
        Path checkpoint = data.resolve("frereg-unet/unet_fr.pt");
        assumeTrue(
                Files.exists(checkpoint), "the published checkpoint is not there: " + checkpoint);
        Path file = folder.resolve("unet.frq");
        assertEquals(0, Main.run("import-frereg", checkpoint.toString(), "--out", file.toString()));
        CompressionReport report = CompressionReport.of(file);
        assertEquals(759, report.getKept());
        assertEquals(31_024_960, report.getOriginal());
        try (Model model = Model.newInstance("unet")) {
            model.setBlock(PublishedUNet.build());
            FrequencyFile.load(model, file);
            // The Dice of the first image, from the published implementation (golden/unet.json).
            assertEquals(0.9787697792053223, dice(model, data.resolve("carvana"), "0000"), 2e-4);
        }
    }

    /** 2 |A ∩ B| / (|A| + |B|) of the predicted and the true foreground. */
    private static double dice(Model model, Path folder, String name) throws Exception {
        try (NDManager manager = model.getNDManager().newSubManager()) {
            ImageFactory images = ImageFactory.getInstance();
            NDArray pixels =
                    images.fromFile(folder.resolve("images/" + name + ".png")).toNDArray(manager);
            NDArray input =
                    pixels.transpose(2, 0, 1)
                            .toType(DataType.FLOAT32, false)
                            .div(255f)
                            .expandDims(0);
            NDArray told =
                    model.getBlock()
                            .forward(new ParameterStore(manager, false), new NDList(input), false)
                            .head()
                            .argMax(1)
                            .squeeze(0)
                            .toType(DataType.FLOAT32, false);
            NDArray right =
                    images.fromFile(folder.resolve("masks/" + name + ".png"))
                            .toNDArray(manager, Image.Flag.GRAYSCALE)
                            .squeeze(2)
                            .gt(127)
                            .toType(DataType.FLOAT32, false);
            double both = told.mul(right).sum().getFloat();
            return 2 * both / (told.sum().getFloat() + right.sum().getFloat());
        }
    }
}
