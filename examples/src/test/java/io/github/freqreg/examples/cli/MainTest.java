package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.SharedData;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Runs the program as a user does, in this process. */
class MainTest {

    private static final Pattern SCORE = Pattern.compile("accuracy \\S+ \\(\\d+ of \\d+\\)");

    @TempDir private Path folder;

    private String out;
    private String err;

    @Test
    void trainsSavesLoadsAndEvaluatesToTheLastDigit() throws IOException {
        Path file = folder.resolve("a/lenet.frq");
        Path json = folder.resolve("lenet.json");
        int code =
                run(
                        "train",
                        "lenet",
                        "--epochs",
                        "1",
                        "--no-baseline",
                        "--out",
                        file.toString(),
                        "--json",
                        json.toString());
        assertEquals(0, code, err);
        String trained = lastScore();

        JsonObject values = JsonUtils.GSON.fromJson(Files.readString(json), JsonObject.class);
        assertEquals("lenet", values.get("model").getAsString());
        assertEquals("accuracy", values.get("metric").getAsString());
        assertEquals(5_000, values.get("numbers").getAsLong());
        assertEquals(Files.size(file), values.get("bytes").getAsLong());
        assertEquals(1, values.get("epochs").getAsInt());
        assertEquals(1, values.get("seed").getAsInt());
        assertTrue(values.get("seconds").getAsDouble() > 0);
        assertTrue(values.get("value").getAsDouble() > 0.5, "it has learned something");

        assertEquals(0, run("evaluate", "lenet", "--weights", file.toString()));
        assertEquals(trained, lastScore());

        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("431,080"), out);
        assertEquals(0, run("inspect", file.toString(), "--format", "json"));
        assertEquals(
                Files.size(file),
                JsonUtils.GSON.fromJson(out, JsonObject.class).get("bytes").getAsLong());
    }

    @Test
    void withoutArgumentsTheHelpIsPrinted() {
        assertEquals(0, run());
        assertTrue(out.startsWith("Usage: freqreg"), out);
        assertTrue(out.contains("To begin with: freqreg train lenet"), out);
        assertEquals("", err);
    }

    /** The options are those of all networks, their help is not. */
    @ParameterizedTest
    @ValueSource(strings = {"segment", "inspect"})
    void commandsOfUNetsSayWhatUNetsTake(String command) {
        assertEquals(0, run(command, "--help"));
        String help = out.replaceAll("\\s+", " ");
        assertTrue(help.contains("channels of the first level; each level down"), help);
        assertFalse(help.matches(".*\\b(vit|alexnet|resnet18|vae|dcgan)\\b.*"), help);
        assertEquals(0, run("train", "--help"));
        assertTrue(out.replaceAll("\\s+", " ").contains("units of vit and vae"), out);
    }

    /** Of every option and parameter that is one of several words. */
    @Test
    void choicesAreShownAsTheyAreTyped() {
        int choices = 0;
        for (CommandLine command : Main.commandLine().getSubcommands().values()) {
            CommandSpec spec = command.getCommandSpec();
            for (ArgSpec argument : spec.args()) {
                if (!argument.type().isEnum()) {
                    continue;
                }
                choices++;
                String wrong =
                        argument instanceof OptionSpec option
                                ? " lenet " + option.longestName() + " wrong"
                                : " wrong";
                assertEquals(2, run((spec.name() + wrong).split(" ")));
                assertOneLine("but was wrong");
                for (Object constant : argument.type().getEnumConstants()) {
                    Enum<?> each = (Enum<?>) constant;
                    assertFalse(err.contains(each.name()), err);
                    assertTrue(err.contains(Choice.word(each)), err);
                }
                String help = String.join("", argument.description());
                assertFalse(help.contains("COMPLETION") || help.contains("DEFAULT"), help);
            }
        }
        assertTrue(choices >= 8, choices + " choices");
    }

    @Test
    void resultsNameTheirDataAndTheirMachine() throws IOException {
        Path file = folder.resolve("a.frq");
        Path data = tinyMnist();
        Path json = folder.resolve("a.json");
        String train =
                "train lenet --data %s --epochs 1 --keep 20 --no-baseline --subset 40 --out %s"
                        + " --json %s";
        assertEquals(0, run(train.formatted(data, file, json).split(" ")), err);
        JsonObject trained = JsonUtils.GSON.fromJson(Files.readString(json), JsonObject.class);
        JsonObject its = trained.getAsJsonObject("data");
        assertEquals("mnist", its.get("name").getAsString());
        assertEquals(40, its.get("training").getAsInt());
        assertEquals(64, its.get("test").getAsInt());

        Path again = folder.resolve("b.json");
        String evaluate = "evaluate lenet --data %s --weights %s --json %s";
        assertEquals(0, run(evaluate.formatted(data, file, again).split(" ")), err);
        JsonObject measured = JsonUtils.GSON.fromJson(Files.readString(again), JsonObject.class);
        for (String name : List.of("model", "metric", "value", "numbers", "bytes", "machine")) {
            assertEquals(trained.get(name), measured.get(name), name);
        }
        assertEquals(64, measured.getAsJsonObject("data").get("test").getAsInt());
        JsonObject machine = measured.getAsJsonObject("machine");
        assertEquals(System.getProperty("os.arch"), machine.get("architecture").getAsString());
        assertEquals("cpu()", machine.get("device").getAsString());
        assertTrue(machine.get("engine").getAsString().startsWith("PyTorch "));

        // Digits, but not MNIST's.
        Path picture = folder.resolve("c.png");
        assertEquals(1, run("compare", again.toString(), "--out", picture.toString()));
        assertOneLine("b.json: expected a result on MNIST's test set");
        assertFalse(Files.exists(picture));
        its.addProperty("name", "MNIST");
        Files.writeString(json, trained.toString());
        assertEquals(0, run("compare", json.toString(), "--out", picture.toString()), err);
        assertTrue(Files.size(picture) > 1_000);
    }

    @Test
    void mnistIsKnownByItsTestSet() {
        Path data = SharedData.find("mnist");
        assertEquals("MNIST", Digits.load(data).source());
        assertEquals("embedded digits", Digits.load(null).source());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "[1]",
                "5",
                "null",
                "{",
                "{}",
                "{\"model\": 5}",
                "{\"model\": {}}",
                "{\"model\": \"vgg\"}",
                "{\"model\": \"lenet\"}",
                "{\"model\": \"lenet\", \"data\": 7}",
                "{\"model\": \"lenet\", \"data\": {}}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"value\": 1}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": \"1\"}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": 1e999}",
                "{\"model\": \"lenet\", \"data\": {\"name\": \"MNIST\"}, \"bytes\": 1, \"value\": []}"
            })
    void resultsThatAreNoneAreNamed(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("r.json"), json);
        Path picture = folder.resolve("c.png");
        assertEquals(1, run("compare", file.toString(), "--out", picture.toString()));
        assertOneLine("r.json: expected ");
    }

    /** Bars belong on a terminal; PyTorch's warnings belong nowhere. */
    @Test
    void aLogHasALineAnEpochAndNoWarnings() throws Exception {
        String train =
                "train unet --width 2 --depth 1 --size 8 --subset 8 --keep 20 --epochs 2 --out "
                        + folder.resolve("net.frq");
        Path log = folder.resolve("log");
        Path warnings = folder.resolve("warnings");
        Process process =
                ProgramRun.process(List.of(train.split(" ")))
                        .redirectOutput(log.toFile())
                        .redirectError(warnings.toFile())
                        .start();
        assertEquals(0, process.waitFor(), Files.readString(warnings));
        assertEquals("", Files.readString(warnings));
        String text = Files.readString(log);
        assertFalse(text.contains("\r") || text.contains("█"), text);
        assertEquals(4, text.lines().filter(line -> line.startsWith("epoch ")).count(), text);
    }

    /** By script, which gives a program a terminal of its own. */
    @Test
    void aTerminalHasBars() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "there is no script");
        assumeTrue(System.getProperty("os.name").equals("Linux"), "script has other options");
        String train =
                "train unet --width 2 --depth 1 --size 8 --subset 8 --keep 20 --epochs 1"
                        + " --no-baseline --out "
                        + folder.resolve("net.frq");
        ProcessBuilder program = ProgramRun.process(List.of(train.split(" ")));
        String command = String.join("' '", program.command());
        Path log = folder.resolve("log");
        Process process =
                new ProcessBuilder("/usr/bin/script", "-qec", "'" + command + "'", "/dev/null")
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertEquals(0, process.waitFor(), Files.readString(log));
        assertTrue(Files.readString(log).contains("Epoch 1:"), Files.readString(log));
    }

    @Test
    void theSameSeedGivesTheSameFile() throws IOException {
        Path data = tinyMnist();
        byte[][] files = new byte[3][];
        for (int i = 0; i < 3; i++) {
            Path file = folder.resolve(i + ".frq");
            String seed = i < 2 ? "7" : "8";
            assertEquals(
                    0,
                    run(
                            "train",
                            "lenet",
                            "--data",
                            data.toString(),
                            "--epochs",
                            "2",
                            "--budget",
                            "776",
                            "--seed",
                            seed,
                            "--no-baseline",
                            "--truncate",
                            "0.5",
                            "--out",
                            file.toString()),
                    err);
            files[i] = Files.readAllBytes(file);
        }
        assertArrayEquals(files[0], files[1]);
        assertFalse(Arrays.equals(files[0], files[2]), "another seed, another file");
    }

    @Test
    void comparesWithTheDenseNetwork() throws IOException {
        assertEquals(
                0,
                run(
                        "train",
                        "lenet",
                        "--data",
                        tinyMnist().toString(),
                        "--epochs",
                        "1",
                        "--keep",
                        "20",
                        "--out",
                        folder.resolve("b.frq").toString()),
                err);
        assertTrue(out.contains("dense             431,080      1,724,320"), out);
        assertTrue(out.contains("compressed            660"), out);
    }

    @Test
    void trainsThePlainNetworkToo() throws IOException {
        Path file = folder.resolve("dense.frq");
        assertEquals(
                0,
                run(
                        "train",
                        "lenet",
                        "--data",
                        tinyMnist().toString(),
                        "--epochs",
                        "1",
                        "--dense",
                        "--out",
                        file.toString()),
                err);
        // Eleven bits of each float16 are stored as they are.
        assertTrue(Files.size(file) > 431_080 * 11 / 8);
        assertEquals(
                0,
                run(
                        "evaluate",
                        "lenet",
                        "--data",
                        tinyMnist().toString(),
                        "--weights",
                        file.toString()),
                err);
    }

    /** By one code path, with nothing but what comes along. */
    @ParameterizedTest
    @CsvSource({
        "alexnet --width 2, accuracy, false",
        "vgg --width 2, accuracy, false",
        "resnet18 --width 2, accuracy, false",
        "vit --width 64 --split, accuracy, false",
        "unet --width 2 --depth 2 --size 16, Dice, false",
        "dcgan --width 2, Fréchet distance, true",
        "vae --width 16 --split, evidence bound, true",
    })
    void trainsEveryNetwork(String network, String metric, boolean draws) throws IOException {
        Path file = folder.resolve("net.frq");
        String train =
                "train %s --preset v3 --epochs 2 --subset 64 --optimizer sgd --learning-rate 0.0001"
                        + " --out %s --plot %s";
        assertEquals(0, run(train.formatted(network, file, folder).split(" ")), err);
        String last = out.lines().filter(line -> line.startsWith("compressed")).toList().get(0);
        String score = last.substring(last.indexOf(metric));
        assertTrue(Files.size(folder.resolve("learning.png")) > 1_000);
        assertEquals(draws, Files.exists(folder.resolve("dense.png")));
        assertEquals(draws, Files.exists(folder.resolve("compressed.png")));
        if (!network.startsWith("unet")) {
            String evaluate = "evaluate %s --weights %s";
            String shape = network.replace(" --split", "");
            assertEquals(0, run(evaluate.formatted(shape, file).split(" ")), err);
            assertEquals(score, out.strip());
        }
    }

    @Test
    void aRecipeSetsAllThatFollows() throws IOException {
        String train = "train lenet --recipe paper-776 --epochs 1 --data %s --no-baseline --out %s";
        Path file = folder.resolve("lenet.frq");
        assertEquals(0, run(train.formatted(tinyMnist(), file).split(" ")), err);
        assertTrue(out.contains("compressed            776"), out);
        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("500x50x4x4"), out);
    }

    @ParameterizedTest
    @CsvSource({"small, 1149", "accurate, 3100"})
    void aRecipeOfBytesKeepsToThem(String recipe, long bytes) throws IOException {
        String train = "train lenet --recipe %s --epochs 2 --data %s --no-baseline --out %s";
        Path file = folder.resolve("lenet.frq");
        assertEquals(0, run(train.formatted(recipe, tinyMnist(), file).split(" ")), err);
        assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes");
        assertEquals(0, run("inspect", file.toString()));
        assertTrue(out.contains("500x800 as 500x50x4x4 by 1:2:3:3"), out);
        assertTrue(out.contains("steps of"), out);
    }

    @ParameterizedTest
    @CsvSource({
        "lenet, 900",
        "resnet18 --width 2 --weighted --rate-weight 0.00001, 1500",
        "vae --width 16 --split, 900",
        "dcgan --width 2 --keep 9, 700"
    })
    void aBudgetOfBytesIsKeptTo(String network, long bytes) throws IOException {
        String train =
                "train %s --subset 32 --epochs 2 --no-baseline --no-names --budget-bytes %d --out %s";
        Path file = folder.resolve("net.frq");
        assertEquals(0, run(train.formatted(network, bytes, file).split(" ")), err);
        assertTrue(Files.size(file) <= bytes, Files.size(file) + " bytes");
        assertTrue(Files.size(file) > bytes / 2, Files.size(file) + " bytes");
    }

    @Test
    void splitsSeeRowsAndColumns() throws IOException {
        String train =
                "train vae --split --biases --preset v3 --epochs 1 --subset 50 --no-baseline --out %s";
        Path file = folder.resolve("vae.frq");
        assertEquals(0, run(train.formatted(file).split(" ")), err);
        assertTrue(out.contains("400x28x28") && out.contains("28x28x400"), out);
        // Four weights at the floor of 256; 20 of 400, 7 of 40, 20 of 400 and 28 of 784.
        assertTrue(out.contains("compressed          1,099"), out);
    }

    /** The binary release of CIFAR-10, a gzipped file and a plain one. */
    @Test
    void readsCifar() throws IOException {
        Path data = tinyCifar();
        String train = "train vgg --width 2 --epochs 1 --no-baseline --data %s --out %s";
        Path file = folder.resolve("vgg.frq");
        assertEquals(0, run(train.formatted(data, file).split(" ")), err);
        assertTrue(out.contains("20 training and 10 test images, 32x32"), out);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | expected a folder with CIFAR-10's binary files",
                "1 | test_batch.bin.gz: expected the file of CIFAR-10",
                "2 | expected 1 to 100000 images of 3073 bytes but found 30729 bytes",
                "3 | expected labels 0 to 9 but found 200",
                "4 | the file is damaged or cut",
            })
    void damagedCifarIsNamed(int damage, String message) throws IOException {
        Path data = tinyCifar();
        Path test = data.resolve("test_batch.bin");
        Path training = data.resolve("data_batch_1.bin.gz");
        byte[] bytes = Files.readAllBytes(test);
        switch (damage) {
            case 0:
                data = folder.resolve("none");
                break;
            case 1:
                Files.delete(test);
                break;
            case 2:
                Files.write(test, Arrays.copyOf(bytes, bytes.length - 1));
                break;
            case 3:
                bytes[3073] = (byte) 200;
                Files.write(test, bytes);
                break;
            default:
                Files.write(training, Arrays.copyOf(Files.readAllBytes(training), 5_000));
        }
        assertEquals(1, run("train", "resnet18", "--data", data.toString()));
        assertOneLine(message);
    }

    /** Ten images in each of three files, of random pixels. */
    private Path tinyCifar() throws IOException {
        Path data = Files.createDirectories(folder.resolve("cifar"));
        Random random = new Random(5);
        for (String name : new String[] {"data_batch_1", "data_batch_2", "test_batch"}) {
            byte[] bytes = new byte[10 * 3073];
            random.nextBytes(bytes);
            for (int i = 0; i < 10; i++) {
                bytes[i * 3073] = (byte) i;
            }
            Path file = data.resolve(name + ".bin");
            if (name.equals("data_batch_1")) {
                try (OutputStream gzip =
                        new GZIPOutputStream(Files.newOutputStream(Path.of(file + ".gz")))) {
                    gzip.write(bytes);
                }
            } else {
                Files.write(file, bytes);
            }
        }
        return data;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train lenet --epochs 0 | --epochs must be 1 or more but is 0",
                "train lenet --epochs x | 'x' is not an int",
                "train lenet --batch-size -3 | --batch-size must be 1 or more but is -3",
                "train lenet --keep-rate 2 | A rate must be above 0 and at most 1 but is 2.0",
                "train lenet --keep 0 | The kept number must be 1 or more but is 0",
                "train lenet --budget 500 | The budget is 500 numbers",
                "train lenet --keep 5 --budget 9 | mutually exclusive",
                "train lenet --learning-rate 0 | --learning-rate must be above 0 and finite but is 0.0",
                "train lenet --dense --truncate 0.5 | have no meaning with --dense",
                "train lenet --truncate 7 | --truncate must be 0 to 1 but is 7.0",
                "train lenet --device tpu | --device must be cpu, gpu or gpu with a number",
                "train alexnet2 | alexnet2",
                "train vgg --size 40 | --size must be a multiple of 32 but is 40",
                "train vae --size 40 | --size has no meaning for vae",
                "train lenet --width 40 | --width has no meaning for lenet",
                "train vit --width 100 | multiple of 64 but is 100",
                "train lenet --subset 0 | --subset must be 1 or more but is 0",
                "train lenet --preset v4 | v4",
                "train lenet --recipe best | expected one of [paper-776, small, accurate] but was best",
                "train vae --recipe paper-776 | --recipe paper-776 is one of lenet",
                "train vgg --split | --split has no meaning for vgg",
                "train alexnet --split | --split has no meaning for alexnet",
                "train alexnet --size 32 | --size of alexnet must be 64 or more but is 32",
                "train lenet --rate-weight 0.1 | --rate-weight must be 0 to 1, with --budget-bytes",
                "train lenet --budget-bytes 0 | --budget-bytes must be 1 to 1073741824 but is 0",
                "train lenet --budget-bytes 60 --out OUT | A file of this network has at least",
                "train vae --turn 5 | --turn has no meaning for vae",
                "train lenet --recipe small --biases | --biases has no meaning with --recipe",
                "train lenet --dense --weighted | have no meaning with --dense",
                "train lenet --dense --balanced | have no meaning with --dense",
                "train lenet --truncate 0.5 --balanced | --balanced has no meaning with --truncate",
                "train lenet --budget-bytes 3 | The budget is 3 bytes",
                "train lenet --dense --budget-bytes 20 | have no meaning with --dense",
                "compress lenet --weights x --out y --budget-bytes 0 | --budget-bytes must be 1 to",
                "compress lenet --weights x --budget-bytes 900 | --out",
                "compress lenet --weights x --out y --budget-bytes 9 --stages 0 | 1 to 30 but is 0",
                "compress lenet --weights x --out y --budget-bytes 9 --epochs -1 | but is -1",
                "compress lenet --weights x --out y --budget-bytes 9 --max-loss -1 | but is -1",
                "compress lenet --weights x --out y --budget-bytes 9 --epochs 0 --max-loss 1 | no meaning",
                "train lenet --dense --split | have no meaning with --dense",
                "train lenet --optimizer rms | rms",
                "train | NETWORK",
                "train unet --size 16 | --size must be 32 or more at this --depth but is 16",
                "train unet --width 0 | --width must be 1 to 1024 but is 0",
                "train unet --depth 9 | --depth must be 1 to 8 but is 9",
                "segment x.png --weights x | segment needs --out MASK.png or --overlay",
                "segment --weights x | IMAGE",
                "evaluate unet --weights x | evaluate unet needs --data DIR",
                "evaluate lenet | --weights",
                "inspect | FILE",
                "nonsense | nonsense",
            })
    void wrongArgumentsAreOneLineAndExitCode2(String arguments, String message) {
        String out = folder.resolve("never.frq").toString();
        assertEquals(2, run(arguments.replace("OUT", out).split(" ")));
        assertOneLine(message);
    }

    @Test
    void wrongFilesAreOneLineAndExitCode1() throws IOException {
        Path missing = folder.resolve("none");
        assertEquals(1, run("inspect", missing.toString()));
        assertOneLine("none: expected a file, but there is none");
        assertEquals(1, run("evaluate", "lenet", "--weights", missing.toString()));
        assertOneLine("none");
        assertEquals(1, run("train", "lenet", "--data", missing.toString()));
        assertOneLine("expected a folder with the MNIST IDX files");
        assertEquals(1, run("train", "lenet", "--data", folder.toString()));
        assertOneLine("train-images-idx3-ubyte.gz: expected the IDX file");

        assertEquals(1, run("train", "lenet", "--out", folder.toString()));
        assertOneLine("the file cannot be written: it is a folder");
        Path out = folder.resolve("never.frq");
        assertEquals(1, run("train", "lenet", "--resume", "--out", out.toString()));
        assertOneLine("never.frq.checkpoint: expected a checkpoint to go on from");

        Path text = Files.writeString(folder.resolve("text.frq"), "no coefficients here");
        assertEquals(1, run("inspect", text.toString()));
        assertOneLine("expected a .frq file");
    }

    @Test
    void aTrainingThatDivergesSaysSo() throws IOException {
        assertEquals(
                1,
                run(
                        "train",
                        "lenet",
                        "--data",
                        tinyMnist().toString(),
                        "--epochs",
                        "30",
                        "--learning-rate",
                        "1e30",
                        "--no-baseline",
                        "--out",
                        folder.resolve("x.frq").toString()));
        assertOneLine("try a --learning-rate below 1.0E30");
    }

    @ParameterizedTest
    @CsvSource({"0, expected an IDX file of bytes", "1, after the header", "2, expected labels"})
    void damagedDigitsAreNamed(int damage, String message) throws IOException {
        Path data = tinyMnist();
        Path labels = data.resolve("train-labels-idx1-ubyte");
        byte[] bytes = Files.readAllBytes(labels);
        switch (damage) {
            case 0:
                bytes[3] = 9;
                break;
            case 1:
                bytes = Arrays.copyOf(bytes, bytes.length - 1);
                break;
            default:
                bytes[10] = 77;
        }
        Files.write(labels, bytes);
        assertEquals(1, run("train", "lenet", "--data", data.toString()));
        assertOneLine(message);
    }

    /** A folder in MNIST's layout with 64 random images, some files gzipped. */
    private Path tinyMnist() throws IOException {
        Path data = Files.createDirectories(folder.resolve("mnist"));
        Random random = new Random(5);
        for (String prefix : new String[] {"train", "t10k"}) {
            byte[] images = new byte[16 + 64 * 784];
            random.nextBytes(images);
            ByteBuffer.wrap(images).putInt(0x803).putInt(64).putInt(28).putInt(28);
            byte[] labels = new byte[8 + 64];
            ByteBuffer.wrap(labels).putInt(0x801).putInt(64);
            for (int i = 8; i < labels.length; i++) {
                labels[i] = (byte) random.nextInt(10);
            }
            try (OutputStream gzip =
                    new GZIPOutputStream(
                            Files.newOutputStream(
                                    data.resolve(prefix + "-images-idx3-ubyte.gz")))) {
                gzip.write(images);
            }
            Files.write(data.resolve(prefix + "-labels-idx1-ubyte"), labels);
        }
        return data;
    }

    private int run(String... args) {
        ProgramRun run = ProgramRun.of(args);
        out = run.out();
        err = run.err();
        return run.code();
    }

    private void assertOneLine(String message) {
        assertTrue(err.startsWith("error: "), err);
        assertFalse(err.substring(7).matches("(?is)\\s*error:.*"), err);
        assertFalse(err.matches("(?s).*\\b(com|java|picocli|ai)\\.[a-z]+\\..*"), err);
        assertTrue(err.contains(message), err);
        assertEquals(1, err.lines().count(), err);
    }

    private String lastScore() {
        Matcher matcher = SCORE.matcher(out);
        String last = null;
        while (matcher.find()) {
            last = matcher.group();
        }
        return last;
    }
}
