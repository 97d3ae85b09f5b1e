package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.freqreg.examples.tasks.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Help, messages and exit codes of the program. */
class MainTest extends ProgramTest {

    @TempDir private Path folder;

    @Test
    void withoutArgumentsTheHelpIsPrinted() {
        assertEquals(0, run());
        assertTrue(out.startsWith("Usage: freqreg"), out);
        assertTrue(out.contains("To begin with: freqreg train lenet"), out);
        assertEquals("", err);
    }

    /** The command for UNets shares the options of all networks but describes them for UNets. */
    @Test
    void segmentDescribesItsOptionsForUNets() {
        assertEquals(0, run("segment", "--help"));
        String help = out.replaceAll("\\s+", " ");
        assertTrue(help.contains("channels of the first level; each level down"), help);
        assertFalse(help.matches(".*\\b(vit|alexnet|resnet18|vae|dcgan)\\b.*"), help);
        assertEquals(0, run("train", "--help-experts"));
        assertTrue(out.replaceAll("\\s+", " ").contains("units of vit and vae"), out);
    }

    /** The first screen has at most twelve options; the other screen has all others. */
    @ParameterizedTest
    @ValueSource(strings = {"train", "compress"})
    void theFirstScreenIsShort(String command) {
        Set<String> all =
                Main.commandLine().getSubcommands().get(command).getCommandSpec().options().stream()
                        .map(OptionSpec::longestName)
                        .collect(Collectors.toSet());
        assertEquals(0, run(command, "--help"));
        Set<String> everyday = options(out);
        assertTrue(everyday.size() <= 12, everyday.toString());
        assertTrue(out.contains(command + " --help-experts shows the other options"), out);
        assertEquals(0, run(command, "--help-experts"));
        Set<String> shown = options(out);
        assertFalse(shown.removeAll(everyday), shown.toString());
        shown.addAll(everyday);
        shown.add("--help-experts");
        assertEquals(all, shown);
    }

    private static Set<String> options(String help) {
        return help.lines()
                .filter(line -> line.matches(" {2,6}(-h, )?--.*"))
                .map(line -> line.strip().replaceFirst("^-h, ", "").split("[=\\[ ]", 2)[0])
                .collect(Collectors.toCollection(HashSet::new));
    }

    @Test
    void argumentsAreReadFromAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("experts"), "--optimizer rms --turn 5");
        assertEquals(2, run("train", "lenet", "@" + file));
        assertOneLine("but was rms");
    }

    /** Checks every option and parameter whose value is an enum. */
    @Test
    void choicesAreShownAsTheyAreTyped() {
        int choices = 0;
        for (CommandLine command : Main.commandLine().getSubcommands().values()) {
            CommandSpec spec = command.getCommandSpec();
            for (ArgSpec argument : spec.args()) {
                Class<?> declared = argument.auxiliaryTypes()[0];
                Class<?> type = declared == NetworkName.class ? Network.class : declared;
                if (!type.isEnum()) {
                    continue;
                }
                choices++;
                String wrong =
                        argument instanceof OptionSpec option
                                ? " lenet " + option.longestName() + " wrong"
                                : " wrong";
                assertEquals(2, run((spec.name() + wrong).split(" ")));
                assertOneLine("but was wrong");
                for (Object constant : type.getEnumConstants()) {
                    Enum<?> each = (Enum<?>) constant;
                    assertFalse(err.contains(each.name()), err);
                    assertTrue(err.contains(Choice.word(each)), err);
                }
                String help = String.join("", argument.description());
                assertFalse(help.contains("COMPLETION") || help.contains("DEFAULT"), help);
            }
        }
        assertTrue(choices >= 7, choices + " choices");
    }

    /** picocli formats descriptions like {@code printf}, so a percent sign must be doubled. */
    @Test
    void descriptionsAreValidFormats() {
        for (CommandLine command : Main.commandLine().getSubcommands().values()) {
            for (ArgSpec argument : command.getCommandSpec().args()) {
                String description = String.join("", argument.description());
                assertDoesNotThrow(() -> String.format(description), description);
            }
        }
    }

    /** A progress bar is drawn on a terminal only, and PyTorch's warnings are not printed. */
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
        assertEquals(2, text.lines().filter(line -> line.startsWith("epoch ")).count(), text);
    }

    /** Runs the program under {@code script}, which gives it a terminal. */
    @Test
    void aTerminalHasBars() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "there is no script");
        assumeTrue(System.getProperty("os.name").equals("Linux"), "script has other options");
        String train =
                "train unet --width 2 --depth 1 --size 8 --subset 8 --keep 20 --epochs 1"
                        + " --out "
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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train lenet --epochs 0 | --epochs must be 1 or more but is 0",
                "train lenet --epochs x | 'x' is not an int",
                "train lenet --batch-size -3 | --batch-size must be 1 or more but is -3",
                "train lenet --keep-rate 2 | A rate must be above 0 and at most 1 but is 2.0",
                "train lenet --keep 0 | The kept number must be 1 or more but is 0",
                "train lenet --budget 5 | The budget is 5 numbers",
                "train lenet --keep 5 --budget 9 | mutually exclusive",
                "train lenet --learning-rate 0 | --learning-rate must be above 0 and finite but is 0.0",
                "train lenet --dense --truncate 0.5 | cannot be combined with --dense",
                "train lenet --truncate 7 | --truncate must be 0 to 1 but is 7.0",
                "train lenet --device tpu | --device must be cpu, gpu or gpu with a number",
                "train alexnet2 | alexnet2",
                "train vgg --size 40 | --size must be a multiple of 32 but is 40",
                "train vae --size 40 | --size does not apply to vae",
                "train lenet --width 40 | --width does not apply to lenet",
                "train vit --width 100 | multiple of 64 but is 100",
                "train lenet --subset 1 | --subset must be 2 or more but is 1",
                "train lenet --paper v4 | expected one of [v1, v2, v3] but was v4",
                "train lenet --paper --budget 900 | mutually exclusive",
                "train lenet --keep 9 --rate-weight 0.1 | --rate-weight must be 0 to 1",
                "train alexnet --size 32 | --size of alexnet must be 64 or more but is 32",
                "train lenet --unrounded 1 | --unrounded must be 0 or more and below 1 but is 1.0",
                "train lenet --keep 9 --unrounded 0.2 | --unrounded needs a size limit",
                "train lenet --rate-weight 2 | --rate-weight must be 0 to 1, with a size limit",
                "train lenet --budget-bytes 0 | --budget-bytes must be 1 to 1073741824 but is 0",
                "train lenet --budget-bytes 60 --names --out OUT | A file of this network has at least",
                "train vae --turn 5 | --move and --turn do not apply to vae",
                "train unet --move 1 | --move and --turn do not apply to unet",
                "train vae --warm-up 1 | --warm-up must be at least 0 and below 1 but is 1.0",
                "train lenet --dense --baseline | cannot be combined with --dense",
                "train convnet --dense --seeded-start 2 | cannot be combined with --dense",
                "train vgg --dense --no-identity-start | cannot be combined with --dense",
                "train lenet --budget-bytes 3 | The budget is 3 bytes",
                "train lenet --dense --budget-bytes 20 | cannot be combined with --dense",
                "compress lenet --weights x --out y --budget-bytes 0 | --budget-bytes must be 1 to",
                "compress lenet --weights x --budget-bytes 900 | --out",
                "compress lenet --weights x --out y | --budget-bytes=N",
                "compress lenet --weights x --out y --budget-bytes 9 --max-loss 1 | mutually exclusive",
                "compress lenet --weights x --out y --budget-bytes 9 --epochs -1 | but is -1",
                "compress lenet --weights x --out y --budget-bytes 9 --epochs 1 | 0, or 2 or more, but is 1",
                "compress lenet --weights x --out y --max-loss -1 | but is -1",
                "compress lenet --weights x --out y --epochs 0 --max-loss 1 | --max-loss cannot be combined",
                "compress lenet --weights x --out y --epochs 0 --budget-bytes 9 --resume | --resume cannot be combined",
                "train lenet --optimizer rms | rms",
                "train | NETWORK",
                "train unet --size 16 | --size must be 32 or more at this --depth but is 16",
                "train unet --width 0 | --width must be 1 to 1024 but is 0",
                "train unet --depth 9 | --depth must be 1 to 8 but is 9",
                "segment x.png --weights x | segment needs --out MASK.png or --overlay",
                "segment --weights x | IMAGE",
                "evaluate unet --weights x | evaluate unet needs --data DIR",
                "evaluate lenet | --weights",
                "evaluate lenet --weights x --verbose | --verbose, --last and --out-images do not apply to lenet",
                "evaluate lenet --weights x --last 2 | --verbose, --last and --out-images do not apply to lenet",
                "evaluate vae --weights x --out-images y | --verbose, --last and --out-images do not apply to vae",
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
        assertOneLine("never.frq.checkpoint: expected a checkpoint to resume from");
        String compress = "compress lenet --weights x --budget-bytes 900 --resume --out " + out;
        assertEquals(1, run(compress.split(" ")));
        assertOneLine("never.frq.checkpoint: expected a checkpoint to resume from");

        Path text = Files.writeString(folder.resolve("text.frq"), "no coefficients here");
        assertEquals(1, run("inspect", text.toString()));
        assertOneLine("expected a .frq file");
    }
}
