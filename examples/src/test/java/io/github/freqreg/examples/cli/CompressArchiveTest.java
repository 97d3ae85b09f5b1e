package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.training.ParameterStore;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.torch.TorchScript;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code compress} on TorchScript archives. */
class CompressArchiveTest extends ProgramTest {

    private static final Shape IMAGES = new Shape(60, 3, 6, 6);
    private static final String FIGURES = " +([\\d,]+) +([\\d.]+)% +([\\d.]+)% *([\\d.]*)%?\\R";

    @TempDir private Path folder;

    private Path archive;
    private Path pair;

    @BeforeEach
    void write() throws IOException {
        archive = folder.resolve("net.pt");
        pair = folder.resolve("pair");
        TorchArchive.write(archive, ScriptNetworks.convolutional(1));
    }

    private int compress(String options) {
        List<String> arguments = new ArrayList<>(List.of("compress", archive.toString()));
        arguments.addAll(List.of(options.split(" ", -1)));
        if (!options.contains("--out")) {
            arguments.addAll(List.of("--out", pair.toString()));
        }
        return run(arguments.toArray(String[]::new));
    }

    /** Writes arrays and returns the option that reads them. */
    private String inputs(Map<String, float[]> values, Shape... shapes) throws Exception {
        Path file = folder.resolve("inputs.npz");
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = new NDList();
            int i = 0;
            for (Map.Entry<String, float[]> each : values.entrySet()) {
                NDArray array = manager.create(each.getValue(), shapes[i++]);
                array.setName(each.getKey());
                arrays.add(array);
            }
            ArrayFile.write(arrays, file);
        }
        return " --inputs " + file;
    }

    private static float[] waves(Shape shape) {
        float[] values = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(0.37 * i);
        }
        return values;
    }

    private static float[] labels(int count) {
        float[] labels = new float[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % 5;
        }
        return labels;
    }

    private Matcher row(String name) {
        Matcher row = Pattern.compile("(?m)^" + name + FIGURES).matcher(out);
        assertTrue(row.find(), out);
        return row;
    }

    private void assertNothingIsWritten() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> unexpected =
                    files.filter(file -> !file.toString().matches(".*(\\.pt|\\.npz)"))
                            .filter(Files::isRegularFile)
                            .toList();
            assertEquals(List.of(), unexpected);
        }
        assertFalse(Files.exists(pair));
    }

    @Test
    void withoutDataThePairAndTheReportAreWritten() throws Exception {
        assertEquals(0, compress("--budget-bytes 700"), err);
        assertEquals("", err);
        assertTrue(out.lines().noneMatch(line -> line.contains("answers")), out);
        assertTrue(out.contains("700 bytes instead of 2,388"), out);
        assertTrue(out.contains("The loss was not measured"), out);
        assertTrue(Files.size(pair.resolve("net.frq")) <= 700);
        try (Stream<Path> files = Files.list(pair)) {
            assertEquals(
                    List.of("net.frq", "net.pt", "serving.properties"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void unlabelledExamplesShowHowFarTheAnswersMove() throws Exception {
        String inputs = inputs(Map.of("images", waves(IMAGES)), IMAGES);
        assertEquals(0, compress("--budget-bytes 700" + inputs), err);
        Matcher fine = row("compressed");
        double moved = Double.parseDouble(fine.group(2));
        assertTrue(moved > 0 && moved < 1, out);
        assertEquals("", fine.group(4));
        assertFalse(out.contains("trained"), out);
        assertEquals(0, compress("--budget-bytes 150" + inputs), err);
        assertTrue(Double.parseDouble(row("compressed").group(2)) > moved, out);
    }

    @Test
    void labelledExamplesTrain() throws Exception {
        Map<String, float[]> arrays = new LinkedHashMap<>();
        arrays.put("images", waves(IMAGES));
        arrays.put("labels", labels(60));
        arrays.put("test_images", waves(new Shape(20, 3, 6, 6)));
        arrays.put("test_labels", labels(20));
        String inputs =
                inputs(arrays, IMAGES, new Shape(60), new Shape(20, 3, 6, 6), new Shape(20));
        assertEquals(0, compress("--budget-bytes 400 --epochs 2" + inputs), err);
        for (String name : List.of("compressed", "trained")) {
            double accuracy = Double.parseDouble(row(name).group(4));
            // A multiple of one of the 20 test examples.
            assertEquals(0, accuracy % 5, out);
        }
        assertTrue(out.contains("400 bytes: 2 epochs"), out);
        assertTrue(Files.size(pair.resolve("net.frq")) <= 400);
    }

    /** The figure of the issue: 100 times fewer bytes, and the same predictions. */
    @Test
    void aFreshProcessLoadsThePairByItsPathAlone() throws Exception {
        TorchArchive.write(archive, ScriptNetworks.smooth(1));
        assertEquals(0, compress("--budget-bytes 3000"), err);
        long bytes = 0;
        try (Stream<Path> files = Files.list(pair)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        assertTrue(100 * bytes < Files.size(archive), out);
        float[] expected;
        try (Model model = Model.newInstance("net")) {
            Block block = TorchScript.load(model.getNDManager(), archive);
            expected = Predictions.of(block, model.getNDManager());
        }
        String told =
                ChildProcess.run(
                        ChildProcess.java(),
                        List.of("-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                        Predictions.class,
                        pair);
        List<Float> numbers =
                Arrays.stream(told.strip().split(" ", -1)).map(Float::valueOf).toList();
        float[] actual = new float[numbers.size()];
        float largest = 0;
        for (int i = 0; i < actual.length; i++) {
            actual[i] = numbers.get(i);
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        assertArrayEquals(expected, actual, 0.01f * largest);
    }

    /** Prints the predictions of a folder's network. */
    static final class Predictions {

        private Predictions() {}

        public static void main(String[] arguments) throws Exception {
            Criteria<NDList, NDList> criteria =
                    Criteria.builder()
                            .setTypes(NDList.class, NDList.class)
                            .optModelPath(Path.of(arguments[0]))
                            .build();
            try (ZooModel<NDList, NDList> model = criteria.loadModel()) {
                float[] numbers = of(model.getBlock(), model.getNDManager());
                List<String> words = new ArrayList<>();
                for (float number : numbers) {
                    words.add(String.valueOf(number));
                }
                System.out.println(String.join(" ", words));
            }
        }

        static float[] of(Block block, NDManager manager) {
            Shape shape = new Shape(8, 64);
            NDArray input = manager.create(waves(shape), shape);
            return block.forward(new ParameterStore(manager, false), new NDList(input), false)
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--seed 1 | Missing required argument",
                "--max-loss 1 | --max-loss cannot be combined with a TorchScript archive",
                "--budget-bytes 0 | --budget-bytes must be 1 to",
                "--budget-bytes 9 | but only 9 are allowed",
                "--budget-bytes 700 --epochs 1 | --epochs must be 0, or 2 or more",
                "--budget-bytes 700 --weights a.pt | --weights cannot be combined",
                "--budget-bytes 700 --resume | --resume cannot be combined",
                "--budget-bytes 700 --data d | --data cannot be combined",
                "--budget-bytes 700 --width 2 | --width cannot be combined",
                "--budget-bytes 700 --part a | --part cannot be combined",
            })
    void wrongOptionsAreOneLine(String options, String message) throws Exception {
        assertEquals(2, compress(options));
        assertOneLine(message);
        assertNothingIsWritten();
    }

    @Test
    void theArchiveIsNotReplaced() throws Exception {
        byte[] before = Files.readAllBytes(archive);
        assertEquals(1, compress("--budget-bytes 700 --out " + folder));
        assertTrue(err.contains("which would be replaced"), err);
        assertArrayEquals(before, Files.readAllBytes(archive));
    }

    @Test
    void aFolderHasOneNetwork() throws Exception {
        assertEquals(0, compress("--budget-bytes 700"));
        assertEquals(0, compress("--budget-bytes 700"), "again");
        Path other = folder.resolve("other.pt");
        TorchArchive.write(other, ScriptNetworks.convolutional(2));
        String[] arguments = {
            "compress", other.toString(), "--budget-bytes", "700", "--out", pair.toString()
        };
        assertEquals(2, run(arguments));
        assertTrue(err.contains("must have no other network"), err);
    }

    @Test
    void aSkeletonIsRefused() throws Exception {
        assertEquals(0, compress("--budget-bytes 700"));
        Path skeleton = pair.resolve("net.pt");
        Path target = folder.resolve("out");
        String[] arguments = {
            "compress", skeleton.toString(), "--budget-bytes", "700", "--out", target.toString()
        };
        assertEquals(1, run(arguments));
        assertTrue(err.contains("it is a skeleton"), err);
        assertFalse(Files.exists(target));
    }

    @Test
    void aFileWithNamesCanBeInspected() throws Exception {
        assertEquals(0, compress("--budget-bytes 900 --names"));
        assertEquals(0, run("inspect", pair.resolve("net.frq").toString()));
        assertTrue(out.contains("bn1.running_mean"), out);
    }

    @Test
    void aFileIsNotReplacedByAFolder() throws Exception {
        byte[] before = Files.readAllBytes(archive);
        assertEquals(2, compress("--budget-bytes 700 --out " + archive));
        assertOneLine("--out must be a folder");
        assertArrayEquals(before, Files.readAllBytes(archive));
    }

    @Test
    void otherCommandsAndNetworksTakeNoArchives() throws Exception {
        String named = "compress lenet --weights a.frq --budget-bytes 700 --inputs a.npz --out o";
        assertEquals(2, run(named.split(" ")));
        assertOneLine("--inputs is for a TorchScript archive only");
        for (String command : List.of("train %s --out o", "evaluate %s --weights a.frq")) {
            assertEquals(2, run(command.formatted(archive).split(" ")));
            assertOneLine("Only compress takes a TorchScript archive");
        }
        assertEquals(2, run(("export " + archive + " --weights a --out o").split(" ")));
        assertOneLine("expected one of [lenet,");
        assertEquals(2, run("compress net.onnx --budget-bytes 7 --out o".split(" ")));
        assertOneLine("a TorchScript archive ends with .pt");
    }

    private void assertRefused(String message) throws Exception {
        assertEquals(1, compress("--budget-bytes 700"));
        assertOneLine("net.pt");
        assertOneLine(message);
        assertNothingIsWritten();
    }

    private void write(Map<String, byte[]> records) throws IOException {
        try (OutputStream stream = Files.newOutputStream(archive)) {
            TorchArchive.write(records, stream);
        }
    }

    @Test
    void otherFilesAreRefused() throws Exception {
        Files.delete(archive);
        assertRefused("expected a file, but there is none");
        Files.writeString(archive, "no archive");
        assertRefused("expected a zip archive written by torch.jit.save");
        Map<String, byte[]> records = TorchArchive.recordsOf(ScriptNetworks.convolutional(1));
        Map<String, byte[]> dictionary = new TreeMap<>(records);
        dictionary.keySet().removeIf(name -> name.contains("/code/"));
        write(dictionary);
        assertRefused("like a checkpoint of torch.save");
        ScriptModule none = new ScriptModule("__torch__.Net").forward("return torch.mul(x, 2)");
        Map<String, byte[]> frozen = TorchArchive.recordsOf(none);
        frozen.put("net/constants/0", new byte[4]);
        write(frozen);
        assertRefused("torch.jit.freeze");
        ScriptModule packed =
                new ScriptModule("__torch__.Net")
                        .parameter("weight", ScriptTensor.of(new float[] {1, 2}, 2))
                        .child(
                                "packed",
                                new ScriptModule(
                                        "__torch__.torch.classes.quantized.LinearPackedParamsBase"))
                        .forward("return torch.mul(x, self.weight)");
        TorchArchive.write(archive, packed);
        assertRefused("quantised");
    }

    /** Whatever byte is wrong, the process goes on, and there is a line or a whole pair. */
    @Test
    void damagedArchivesDoNoHarm() throws Exception {
        byte[] whole = Files.readAllBytes(archive);
        for (int i = 0; i < 40; i++) {
            byte[] damaged = whole.clone();
            if (i % 2 == 0) {
                damaged = Arrays.copyOf(whole, whole.length * i / 40);
            } else {
                damaged[whole.length * i / 40] ^= 0x55;
            }
            Files.write(archive, damaged);
            if (compress("--budget-bytes 700") != 0) {
                assertOneLine("net.pt");
                assertNothingIsWritten();
            } else {
                assertEquals("", err);
                for (String name : List.of("net.frq", "net.pt", "serving.properties")) {
                    Files.delete(pair.resolve(name));
                }
                Files.delete(pair);
            }
        }
    }

    private void assertInputsRefused(String inputs, String message) throws Exception {
        assertEquals(1, compress("--budget-bytes 700 --epochs 2" + inputs), out);
        assertOneLine(message);
        assertNothingIsWritten();
    }

    @Test
    void wrongInputsAreRefused() throws Exception {
        assertInputsRefused(" --inputs " + folder.resolve("none.npz"), "there is none");
        assertInputsRefused(
                inputs(Map.of("labels", labels(60)), new Shape(60)), "an array of inputs");
        assertInputsRefused(
                inputs(Map.of("images", waves(new Shape(60, 5))), new Shape(60, 5)),
                "net.pt: the network does not take such inputs: Expected 3D");
        assertInputsRefused(
                pairOf("more", waves(IMAGES), IMAGES), "does not take such inputs: Expected at");
        assertInputsRefused(
                pairOf("test_more", waves(IMAGES), IMAGES),
                "expected [test_images] as the inputs of the test examples but found [test_more]");
        assertInputsRefused(
                pairOf("test_labels", labels(60), new Shape(60)), "but found not all of them");
        assertInputsRefused(
                pairOf("labels", labels(59), new Shape(59)), "the shape (59) beside 60 rows");
        assertInputsRefused(
                pairOf("labels", labels(300), new Shape(60, 5)), "one class for each example");
        for (float wrong : new float[] {0.5f, -1}) {
            assertInputsRefused(withLabel(wrong), "whole numbers from 0 as labels but found");
        }
        assertInputsRefused(withLabel(5), "expected labels below 5, the number of the network's");
        Shape few = new Shape(9, 3, 6, 6);
        Map<String, float[]> arrays = new LinkedHashMap<>();
        arrays.put("images", waves(few));
        arrays.put("labels", labels(9));
        assertInputsRefused(inputs(arrays, few, new Shape(9)), "at least 10 labelled examples");
    }

    private String pairOf(String name, float[] values, Shape shape) throws Exception {
        Map<String, float[]> arrays = new LinkedHashMap<>();
        arrays.put("images", waves(IMAGES));
        arrays.put(name, values);
        return inputs(arrays, IMAGES, shape);
    }

    private String withLabel(float wrong) throws Exception {
        float[] labels = labels(60);
        labels[7] = wrong;
        return pairOf("labels", labels, new Shape(60));
    }

    @Test
    void networksOfOtherOutputsAreRefused() throws Exception {
        ScriptTensor weight = ScriptTensor.of(new float[] {1, 2}, 2, 1);
        TorchArchive.write(
                archive,
                new ScriptModule("__torch__.Net")
                        .parameter("weight", weight)
                        .forward("return torch.sum(torch.mul(x, 2))"));
        String inputs = inputs(Map.of("images", waves(IMAGES)), IMAGES);
        assertInputsRefused(inputs, "one row for each of 60 examples but its shape is ()");
        TorchArchive.write(
                archive,
                new ScriptModule("__torch__.Net")
                        .parameter("weight", weight)
                        .forward("return torch.mul(x, 2)"));
        assertInputsRefused(
                pairOf("labels", labels(60), new Shape(60)), "the shape (examples, classes)");
    }

    @Test
    void theHelpNamesArchives() {
        assertEquals(0, run("compress", "--help"));
        String help = out.lines().map(String::strip).collect(Collectors.joining(" "));
        assertTrue(help.contains("the path of a TorchScript archive NET.pt"), out);
    }
}
