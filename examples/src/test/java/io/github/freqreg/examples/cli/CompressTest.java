package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.file.FrequencyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The command {@code compress}, on a trained LeNet-5. */
class CompressTest {

    private static final Pattern ROW =
            Pattern.compile("(before|after) +([\\d,]+)  \\D+? (-?\\d+\\.\\d+) .*");

    private static final String UNET = "--width 3 --depth 1";

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

    /** Returns a line of the table at the end. */
    private Matcher row(String name) {
        Matcher matcher = ROW.matcher(out.toString());
        while (matcher.find()) {
            if (matcher.group(1).equals(name)) {
                return matcher;
            }
        }
        throw new AssertionError(name + " is missing in " + out);
    }

    @Test
    void compressesToTheBudget() throws Exception {
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "lenet --weights %s --budget-bytes 9000 --epochs 2 --subset 3000 --out %s",
                        trained.resolve("lenet-0000.params"), file);
        assertEquals(0, code, err.toString());
        long size = Files.size(file);
        assertTrue(size <= 9_000 && size > 0.9 * 9_000, size + " bytes");
        Matcher after = row("after");
        assertEquals(size, Long.parseLong(after.group(2).replace(",", "")));
        // An accuracy of 0.1 would be chance.
        assertTrue(Double.parseDouble(after.group(3)) > 0.5, out.toString());
        assertTrue(out.toString().contains("9000 bytes: 2 epochs"), out.toString());
        assertTrue(out.toString().contains("\nepoch 2: loss 0."), out.toString());
        try (Model model = Model.newInstance("again")) {
            model.setBlock(LeNet.build());
            FrequencyFile.load(model, file);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void findsTheSmallestFileWithTheAllowedLoss() throws Exception {
        Path given = folder.resolve("vae.frq");
        String train = "train vae --dense --epochs 2 --width 16 --out ";
        assertEquals(0, Main.run((train + given).split(" ")));
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "vae --weights %s --width 16 --max-loss 5 --epochs 2 --subset 40 --out %s",
                        given, file);
        assertEquals(0, code, err.toString());
        Matcher before = row("before");
        Matcher after = row("after");
        assertEquals(Files.size(file), Long.parseLong(after.group(2).replace(",", "")));
        assertTrue(Files.size(file) < Files.size(given) / 2, out.toString());
        double loss = Double.parseDouble(before.group(3)) - Double.parseDouble(after.group(3));
        assertTrue(loss < 5.02, out.toString());
        assertTrue(out.toString().contains("allowed 5.0000"), out.toString());
    }

    /**
     * The masks of the training images are inverted, those of the others are not, so training makes
     * the network worse. That nothing is a success at all is a test of the library.
     */
    @Test
    void writesNothingIfNoFileHasTheAllowedLoss() throws Exception {
        Path given = unet(20);
        Path data = Files.createDirectories(trained.resolve("inverted"));
        Files.createDirectories(data.resolve("images"));
        Files.createDirectories(data.resolve("masks"));
        Random random = new Random(4);
        for (int i = 10; i < 34; i++) {
            Scene scene = Scene.draw(16, random);
            UNetCommandsTest.write(scene, data.resolve("images/" + i + ".png"), false);
            byte[] mask = scene.mask().clone();
            for (int k = 0; i < 28 && k < mask.length; k++) {
                mask[k] = (byte) (1 - mask[k]);
            }
            Scene labelled = new Scene(16, scene.colors(), mask);
            UNetCommandsTest.write(labelled, data.resolve("masks/" + i + ".png"), true);
        }
        Path file = folder.resolve("small.frq");
        int code =
                compress(
                        "unet --weights %s --size 16 %s --data %s --max-loss 0 --epochs 2 --out %s",
                        given, UNET, data, file);
        if (code == 0) {
            // On some processors, rounding happens to help a little.
            assertTrue(Files.exists(file), out.toString());
            return;
        }
        assertEquals(1, code, out.toString());
        assertTrue(err.toString().contains("No file has a loss of at most 0.0"), err.toString());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(given), files.toList());
        }
    }

    /** Trains a dense UNet. */
    private Path unet(int epochs) {
        Path file = folder.resolve("unet.frq");
        String train = "train unet --dense --epochs %d --size 16 %s --subset 60 --out %s";
        assertEquals(0, Main.run(train.formatted(epochs, UNET, file).split(" ")));
        return file;
    }

    /** A compression whose process is killed and resumed writes the same file. */
    @Test
    void anInterruptedCompressionIsResumed() throws Exception {
        String arguments =
                "compress unet --weights %s --size 16 %s --budget-bytes 500 --epochs 30 --subset 60"
                        + " --out ";
        String command = arguments.formatted(unet(2), UNET);
        Path whole = folder.resolve("whole.frq");
        finish(command + whole);
        Path file = folder.resolve("killed.frq");
        Path checkpoint = folder.resolve("killed.frq.checkpoint");
        Process killed = start(command + file);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.exists(checkpoint) && killed.isAlive() && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        killed.destroyForcibly().waitFor();
        assertTrue(Files.exists(checkpoint) && !Files.exists(file), log());
        finish(command + file + " --resume");
        assertTrue(log().contains("500 bytes: resumed after epoch "), log());
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(file));
        assertFalse(Files.exists(checkpoint));
    }

    private Process start(String command) throws IOException {
        return ProgramRun.process(List.of(command.split(" ")))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    private void finish(String command) throws IOException, InterruptedException {
        Process process = start(command);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), log());
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
