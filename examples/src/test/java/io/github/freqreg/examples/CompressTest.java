package io.github.freqreg.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.examples.networks.LeNet;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A network that is trained already, in fewer bytes. */
class CompressTest {

    private static final Pattern STAGE =
            Pattern.compile("stage \\d+ of \\d+: ([\\d,]+) bytes, .* accuracy (\\S+) ");

    @TempDir private static Path trained;

    @TempDir private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int compress(String arguments, Object... values) {
        CommandLine command =
                new CommandLine(new CompressCommand())
                        .setCaseInsensitiveEnumValuesAllowed(true)
                        .setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err));
        command.setExecutionExceptionHandler(
                (exception, c, parsed) -> {
                    err.write(exception.getMessage());
                    return 1;
                });
        return command.execute(arguments.formatted(values).split(" "));
    }

    /** A network that tells most digits: a file of ours, and DJL's own beside it. */
    @BeforeAll
    static void train() throws Exception {
        String train =
                "train lenet --dense --epochs 3 --subset 3000 --out "
                        + trained.resolve("dense.frq");
        assertEquals(0, Main.run(train.split(" ")));
        try (Model model = Model.newInstance("trained")) {
            model.setBlock(LeNet.build());
            FrequencyFile.load(model, trained.resolve("dense.frq"));
            model.save(trained, "lenet");
        }
    }

    private List<Matcher> stages() {
        return out.toString().lines().map(STAGE::matcher).filter(Matcher::find).toList();
    }

    @Test
    void goesStepByStepToTheBudget() throws Exception {
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "lenet --weights %s --budget-bytes 9000 --stages 2 --epochs 2 --split"
                                + " --weighted --subset 3000 --out %s",
                        trained.resolve("lenet-0000.params"), file);
        assertEquals(0, code, err.toString());
        List<Matcher> stages = stages();
        assertEquals(2, stages.size(), out.toString());
        for (int i = 0; i < 2; i++) {
            int bytes = Integer.parseInt(stages.get(i).group(1).replace(",", ""));
            int budget = i == 0 ? 18_000 : 9_000;
            assertTrue(bytes <= budget && bytes > 0.9 * budget, bytes + " bytes");
            // One of ten would be chance.
            assertTrue(Double.parseDouble(stages.get(i).group(2)) > 0.5, out.toString());
        }
        assertTrue(Files.size(file) <= 9_000);
        try (Model model = Model.newInstance("again")) {
            model.setBlock(LeNet.build());
            FrequencyFile.load(model, file);
        }
    }

    @Test
    void stopsWhereTheLossIsTooLarge() throws Exception {
        Path file = folder.resolve("small.frq");
        // The first stages have room for all, the last for next to nothing.
        int code =
                compress(
                        "lenet --weights %s --budget-bytes 90 --stages 11 --epochs 1 --subset 500"
                                + " --max-loss 0.3 --out %s",
                        trained.resolve("dense.frq"), file);
        assertEquals(0, code, err.toString());
        assertTrue(out.toString().contains("is above --max-loss 0.3000: stopped"), out.toString());
        List<Matcher> stages = stages();
        assertTrue(stages.size() < 11, out.toString());
        Matcher kept = stages.get(stages.size() - 2);
        assertEquals(
                Integer.parseInt(kept.group(1).replace(",", "")), Files.size(file), out.toString());
    }

    @Test
    void writesNothingIfTheFirstStageIsTooMuch() throws Exception {
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "lenet --weights %s --budget-bytes 110 --stages 1 --epochs 1 --subset 64"
                                + " --max-loss 0.01 --out %s",
                        trained.resolve("dense.frq"), file);
        assertEquals(1, code);
        assertTrue(err.toString().contains("at the first stage already: nothing is written"));
        assertFalse(Files.exists(file));
    }

    @Test
    void roundsAFileWithoutData() throws Exception {
        Path file = folder.resolve("wide.frq");
        assertEquals(
                0,
                Main.run(
                        ("train lenet --epochs 1 --subset 64 --no-baseline --keep 60 --out " + file)
                                .split(" ")));
        Path small = folder.resolve("small.frq");
        assertEquals(
                0,
                compress("lenet --weights %s --budget-bytes 700 --epochs 0 --out %s", file, small));
        assertTrue(Files.size(small) <= 700 && Files.size(small) > 600, out.toString());
        byte[] before = Files.readAllBytes(small);
        assertEquals(
                2,
                compress("lenet --weights %s --budget-bytes 9 --epochs 0 --out %s", file, small));
        assertTrue(err.toString().contains("but only 9 are allowed"), err.toString());
        assertArrayEquals(before, Files.readAllBytes(small));
    }
}
