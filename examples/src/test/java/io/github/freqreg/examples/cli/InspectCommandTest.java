package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.freqreg.examples.report.ReportPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
