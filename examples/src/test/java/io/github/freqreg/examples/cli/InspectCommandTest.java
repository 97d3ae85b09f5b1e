package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.report.ReportPage;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The options of {@code inspect} that draw charts. */
class InspectCommandTest extends ProgramTest {

    @TempDir private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | expected what train --json has written",
                "[1] | expected what train --json has written",
                "{\"metric\": \"x\", \"curve\": [{\"number\": 1}]} | there is no finite number 'numbers'",
                "{\"metric\": \"x\", \"curve\": 5} | expected what train --json has written",
            })
    void curvesOfSomethingElseAreNamed(String json, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("c.json"), json);
        String inspect = "inspect %s --html %s --curve %s";
        Path html = folder.resolve("x.html");
        assertEquals(
                1, run(inspect.formatted(ReportPage.lenet(folder, true), html, file).split(" ")));
        assertTrue(err.contains("c.json: ") && err.contains(message), err);
        assertEquals(1, err.lines().count(), err);
        assertFalse(Files.exists(html));
    }

    @Test
    void optionsWithoutMeaningAreRefused() throws IOException {
        String file = ReportPage.lenet(folder, true).toString();
        assertEquals(2, run("inspect", file, "--curve", "c.json"));
        assertTrue(err.contains("--curve requires --html or --plots"), err);
        assertEquals(2, run("inspect", file, "--html", "x.html", "--format", "csv"));
        assertTrue(err.contains("--format cannot be combined with --html or --plots"), err);
        assertEquals(1, run("inspect", file, "--html", folder.toString()));
        assertTrue(err.contains("the file cannot be written: it is a folder"), err);
    }

    /** A file without names, of any network that the program trains, gets its names back. */
    @ParameterizedTest
    @EnumSource(Network.class)
    void findsTheNetworkOfAFileWithoutNames(Network network) throws IOException {
        ShapeArguments sizes = new ShapeArguments();
        Shape[] inputs = sizes.inputs(network);
        Path file = folder.resolve("nameless.frq");
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block =
                    FrequencyRegularization.builder()
                            .optKept(2)
                            .build()
                            .apply(sizes.plain(network, network.width()), inputs);
            block.initialize(manager, DataType.FLOAT32, inputs);
            FrequencyFile.toDocument(block).withoutNames().write(file);
        }
        assertEquals(0, run("inspect", file.toString()), err);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--width", "--depth"})
    void refusesSizesThatNoNetworkHas(String option) throws IOException {
        Path file = ReportPage.lenet(folder, false);
        assertEquals(2, run("inspect", file.toString(), option, "0"));
        assertTrue(err.contains(option + " must be"), err);
    }

    @Test
    void truncationHasACurveOfItsOwn() throws IOException {
        String train =
                "train lenet --subset 64 --batch-size 16 --epochs 2 --keep 20 --out %s --plot %s";
        Path plain = folder.resolve("plain");
        Path file = folder.resolve("net.frq");
        assertEquals(0, run(train.formatted(file, plain).split(" ")), err);
        assertFalse(Files.exists(plain.resolve("truncation.png")));
        Path cut = folder.resolve("cut");
        String truncate = train + " --truncate 0.8 --json " + folder.resolve("c.json");
        assertEquals(0, run(truncate.formatted(file, cut).split(" ")), err);
        assertTrue(
                ReportPage.colours(ImageIO.read(cut.resolve("truncation.png").toFile())).size()
                        > 2);
        // The page contains the chart too.
        String inspect = "inspect %s --plots %s --curve %s";
        assertEquals(
                0, run(inspect.formatted(file, cut, folder.resolve("c.json")).split(" ")), err);
        assertTrue(Files.exists(cut.resolve("learning-numbers.png")));
    }
}
