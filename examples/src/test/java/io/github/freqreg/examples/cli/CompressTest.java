package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.file.FrequencyFile;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The command {@code compress}, on a trained LeNet-5. */
class CompressTest {

    private static final Pattern STAGE =
            Pattern.compile("stage \\d+ of \\d+: ([\\d,]+) bytes, .* validation accuracy (\\S+) ");

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

    /** Trains a network and saves it as a {@code .frq} file and as DJL's {@code .params}. */
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

    /** A {@code .params} file has no input shapes; they come from the network. */
    @ParameterizedTest
    @CsvSource({
        "lenet, 20000",
        "alexnet --width 2, 9000",
        "vgg --width 2, 9000",
        "resnet18 --width 2, 9000",
        "vit --width 64, 30000",
        "unet --width 2 --depth 2, 1000",
        "dcgan --width 2, 4000",
        "vae --width 16, 4000"
    })
    void roundsDjlsOwnFilesWithoutData(String arguments, long bytes) throws Exception {
        Network network = Network.valueOf(arguments.split(" ", -1)[0].toUpperCase(Locale.ROOT));
        int width = arguments.contains("64") ? 64 : 2;
        Block block =
                switch (network) {
                    case UNET -> new UNet(2, 2, 2);
                    case DCGAN -> new Dcgan(2);
                    case VAE -> new Vae(16);
                    default -> network.classifier(width);
                };
        Shape[] inputs =
                switch (network) {
                    case LENET -> new Shape[] {new Shape(1).addAll(LeNet.INPUT)};
                    case UNET -> new Shape[] {new Shape(1, 3, 16, 16)};
                    case DCGAN -> Dcgan.inputs(1);
                    case VAE -> Vae.inputs(1);
                    case ALEXNET -> new Shape[] {new Shape(1, 3, 64, 64)};
                    default -> new Shape[] {new Shape(1, 3, 32, 32)};
                };
        try (Model model = Model.newInstance("net")) {
            model.setBlock(block);
            block.initialize(model.getNDManager(), DataType.FLOAT32, inputs);
            model.save(folder, "net");
        }
        Path small = folder.resolve("small.frq");
        int code =
                compress(
                        "%s --weights %s --budget-bytes %d --epochs 0 --out %s",
                        arguments, folder.resolve("net-0000.params"), bytes, small);
        assertEquals(0, code, err.toString());
        long size = Files.size(small);
        assertTrue(size <= bytes && size > 0.9 * bytes, size + " bytes\n" + out);
    }

    /** Axes are chosen for dense networks; a network with coefficients keeps its own. */
    @Test
    void axesAreAutomatic() {
        Path dense = trained.resolve("dense.frq");
        Path small = folder.resolve("small.frq");
        String round = "lenet --weights %s --budget-bytes %d --epochs 0 --out %s";
        assertEquals(0, compress(round, dense, 9_000, small), err.toString());
        assertTrue(out.toString().contains("500x800 as 500x50x4x4"), out.toString());
        out.getBuffer().setLength(0);
        assertEquals(0, compress(round, small, 8_000, folder.resolve("smaller.frq")));
        assertTrue(out.toString().contains("500x800 as 500x50x4x4"), out.toString());
    }

    private List<Matcher> stages() {
        return out.toString().lines().map(STAGE::matcher).filter(Matcher::find).toList();
    }

    @Test
    void goesStepByStepToTheBudget() throws Exception {
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "lenet --weights %s --budget-bytes 9000 --stages 2 --epochs 2"
                                + " --subset 3000 --out %s",
                        trained.resolve("lenet-0000.params"), file);
        assertEquals(0, code, err.toString());
        List<Matcher> stages = stages();
        assertEquals(2, stages.size(), out.toString());
        for (int i = 0; i < 2; i++) {
            int bytes = Integer.parseInt(stages.get(i).group(1).replace(",", ""));
            int budget = i == 0 ? 18_000 : 9_000;
            assertTrue(bytes <= budget && bytes > 0.9 * budget, bytes + " bytes");
            // An accuracy of 0.1 would be chance.
            assertTrue(Double.parseDouble(stages.get(i).group(2)) > 0.5, out.toString());
        }
        assertTrue(out.toString().contains("on the test set, after:  accuracy"), out.toString());
        assertTrue(Files.size(file) <= 9_000);
        try (Model model = Model.newInstance("again")) {
            model.setBlock(LeNet.build());
            FrequencyFile.load(model, file);
        }
    }

    @Test
    void stopsWhereTheLossIsTooLarge() throws Exception {
        Path file = folder.resolve("small.frq");
        // The first stages have bytes for all coefficients, the last for very few.
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
        assertTrue(err.toString().contains("at the first stage: no file was written"));
        assertFalse(Files.exists(file));
    }

    @Test
    void roundsAFileWithoutData() throws Exception {
        Path file = folder.resolve("wide.frq");
        assertEquals(
                0,
                Main.run(
                        ("train lenet --epochs 1 --subset 64 --keep 60 --out " + file).split(" ")));
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
