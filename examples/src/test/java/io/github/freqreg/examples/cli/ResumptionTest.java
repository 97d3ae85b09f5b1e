package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.JsonUtils;
import com.google.gson.JsonObject;
import io.github.freqreg.examples.data.DataSet;
import io.github.freqreg.examples.data.Images;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.tasks.TrainingCheckpoint;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.training.Adam;
import io.github.freqreg.training.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code train --resume} continues the same training or fails. */
class ResumptionTest {

    private static final String TRAIN =
            "train unet --width 2 --depth 1 --size 8 --subset 16 --keep 20 --truncate 0.5"
                    + " --seed 4 --epochs 60 --out ";

    @TempDir private static Path trained;

    @TempDir private Path folder;

    /** Starts a training and kills it once it has written a checkpoint. */
    @BeforeAll
    static void interrupt() throws Exception {
        Process process =
                ProgramRun.process(List.of((TRAIN + trained.resolve("a.frq")).split(" ")))
                        .redirectErrorStream(true)
                        .redirectOutput(trained.resolve("log").toFile())
                        .start();
        Path checkpoint = trained.resolve("a.frq.checkpoint");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.exists(checkpoint) && process.isAlive() && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        process.destroyForcibly().waitFor();
        assertTrue(Files.exists(checkpoint), Files.readString(trained.resolve("log")));
    }

    /** Runs the command again with one option changed or added. */
    private ProgramRun resume(String from, String to) throws Exception {
        Path file = folder.resolve("b.frq");
        Files.copy(trained.resolve("a.frq.checkpoint"), folder.resolve("b.frq.checkpoint"));
        String command = TRAIN + file + " --resume";
        assertTrue(command.contains(from), from);
        return ProgramRun.of(command.replace(from, to).strip().split(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--seed 4 | --seed 5 | --seed was 4 but is 5",
                "--seed 4 | --seed 4 --learning-rate 0.02 | --learning-rate was 0.01 but is 0.02",
                "--seed 4 | --seed 4 --batch-size 4 | --batch-size was 2 but is 4",
                "--seed 4 | --seed 4 --optimizer sgd | --optimizer was adam but is sgd",
                "--seed 4 | --seed 4 --budget-bytes 900 | --budget-bytes was none but is 900",
                "--keep 20 | --keep 19 | amount was --keep 20 but is --keep 19",
                "--keep 20 | --budget 300 | amount was --keep 20 but is --budget 300",
                "--keep 20 | --paper v3 | amount was --keep 20 but is --paper v3",
                "--truncate 0.5 | --truncate 0.4 | --truncate was 0.5 but is 0.4",
                "--subset 16 | --subset 15 | data was 15 training, 1 validation and 40 test examples",
                "--width 2 | --width 3 | --width was 2 but is 3",
                "--depth 1 | --depth 2 | --depth was 1 but is 2",
                "--size 8 | --size 16 | inputs was [(2, 3, 8, 8)] but is [(2, 3, 16, 16)]",
                "train unet | train lenet | network was unet but is lenet",
                "--epochs 60 | --epochs 59 | --epochs was 60 but is 59",
            })
    void anotherTrainingIsRefused(String from, String to, String message) throws Exception {
        boolean lenet = to.contains("lenet");
        ProgramRun run =
                lenet
                        ? resume("train unet --width 2 --depth 1 --size 8", "train lenet")
                        : resume(from, to);
        assertEquals(2, run.code(), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(
                run.err()
                        .contains(
                                "b.frq.checkpoint: --resume needs the settings of the interrupted"));
        assertTrue(run.err().contains(message), run.err());
        assertTrue(Files.exists(folder.resolve("b.frq.checkpoint")), "it can still go on");
        assertFalse(Files.exists(folder.resolve("b.frq")));
    }

    /** Truncated coefficients stay truncated, and all epochs are trained. */
    @Test
    void moreEpochsAreTrained() throws Exception {
        Path json = folder.resolve("b.json");
        ProgramRun run =
                resume("--epochs 60", "--epochs 70 --device cpu --execution --json " + json);
        assertEquals(0, run.code(), run.err());
        JsonObject result = JsonUtils.GSON.fromJson(Files.readString(json), JsonObject.class);
        var curve = result.getAsJsonArray("curve");
        JsonObject last = curve.get(curve.size() - 1).getAsJsonObject();
        assertEquals(70, last.get("number").getAsInt());
        long numbers = Long.MAX_VALUE;
        for (var each : curve) {
            long next = each.getAsJsonObject().get("numbers").getAsLong();
            assertTrue(next <= numbers, curve.toString());
            numbers = next;
        }
        assertEquals(result.get("numbers").getAsLong(), numbers);
        assertFalse(Files.exists(folder.resolve("b.frq.checkpoint")));
    }

    /** Data is identified by its content, not by its folder. */
    @Test
    void dataIsIdentifiedByItsContent() {
        byte[] pixels = new byte[4 * 784];
        Images some = new Images(1, 28, pixels, new byte[4]);
        DataSet here = Images.Split.of(some, some, "here").data();
        assertEquals(here.identity(), Images.Split.of(some, some, "there").data().identity());
        byte[] others = pixels.clone();
        others[5] = 1;
        Images changed = new Images(1, 28, others, new byte[4]);
        assertFalse(
                here.identity().equals(Images.Split.of(changed, some, "here").data().identity()));
        assertFalse(
                here.identity().equals(Images.Split.of(some, changed, "here").data().identity()));
    }

    @Test
    void settingsAreReadAsTheyWereSaved() throws Exception {
        Path file = folder.resolve("c");
        Map<String, String> settings = new TreeMap<>();
        settings.put("--seed", "1");
        settings.put("empty", "");
        settings.put("ünicode", "a=b\nc");
        settings.put("long", "x".repeat(1_000));
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            Checkpoint.save(model, adam, 7, settings, file);
            assertEquals(settings, Checkpoint.read(file).settings());
            assertEquals(7, Checkpoint.read(file).load(model, adam));
            byte[] bytes = Files.readAllBytes(file);
            Checkpoint.save(model, adam, 7, settings, file);
            assertArrayEquals(bytes, Files.readAllBytes(file));
            Checkpoint.save(model, adam, 7, file);
            assertEquals(Map.of(), Checkpoint.read(file).settings());
            assertTrue(
                    new TrainingCheckpoint(file, settings)
                            .refusal()
                            .orElseThrow()
                            .contains("the checkpoint has no settings to compare"));
        }
        Path checkpoint = trained.resolve("a.frq.checkpoint");
        Map<String, String> its = Checkpoint.read(checkpoint).settings();
        assertEquals(Optional.empty(), new TrainingCheckpoint(checkpoint, its).refusal());
    }

    @Test
    void settingsThatDoNotFitAreRefused() {
        Path file = folder.resolve("c");
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            for (String name : List.of("", "a=b", "x".repeat(1_100))) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Checkpoint.save(model, adam, 1, Map.of(name, "v"), file));
            }
            assertFalse(Files.exists(file));
        }
    }

    @ParameterizedTest
    @CsvSource({"setting/x", "setting/=x", "setting/", "setting/x=1"})
    void damagedSettingsAreNamed(String name) throws Exception {
        // The last name is valid, but its tensor is not empty.
        int size = name.endsWith("=1") ? 1 : 0;
        Path file = folder.resolve("c");
        List<FrqEntry> tensors =
                List.of(tensor("progress", 3), tensor("setting/y=2", 0), tensor(name, size));
        new FrqDocument(List.of(), tensors).write(file);
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> Checkpoint.read(file).settings());
        assertTrue(
                e.getMessage().startsWith(file + ": expected each setting once"), e.getMessage());
    }

    private static FrqEntry tensor(String name, int size) {
        return new FrqEntry(name, new Shape(size), null, Precision.FLOAT32, new float[size]);
    }

    /** Valid {@code .frq} files with random tensors are read or rejected with the file's name. */
    @Test
    void anyContentIsReadOrRefused() throws Exception {
        List<String> names =
                List.of(
                        "progress",
                        "setting/a=1",
                        "setting/a=2",
                        "setting/a",
                        "setting/=",
                        "step/w",
                        "optimizer/mean/01Conv2d_bias",
                        "optimizer/variance/01Conv2d_bias",
                        "01Conv2d_bias",
                        "01Conv2d_weight",
                        "x");
        float[] values = {0, 1, -1, 0.5f, 1e9f, -1e30f, Float.MAX_VALUE, Float.MIN_VALUE};
        Path file = folder.resolve("c");
        Random random = new Random(3);
        int read = 0;
        try (Model model = model();
                Adam adam = Adam.builder().build()) {
            for (int trial = 0; trial < 500; trial++) {
                List<String> some = new ArrayList<>(names);
                Collections.shuffle(some, random);
                List<FrqEntry> tensors = new ArrayList<>();
                for (String name : some.subList(0, random.nextInt(names.size()))) {
                    int size = name.equals("progress") ? 3 : random.nextInt(3);
                    float[] numbers = new float[size];
                    for (int i = 0; i < size; i++) {
                        boolean sound = size == 3 && trial % 2 == 0;
                        numbers[i] = sound ? i : values[random.nextInt(values.length)];
                    }
                    tensors.add(
                            new FrqEntry(name, new Shape(size), null, Precision.FLOAT32, numbers));
                }
                Files.write(file, new FrqDocument(List.of(), tensors).encode());
                read += isRead(file, () -> Checkpoint.read(file).settings()) ? 1 : 0;
                assertFalse(isRead(file, () -> Checkpoint.read(file).load(model, adam)));
            }
        }
        assertTrue(read > 10, read + " were read");
    }

    private static boolean isRead(Path file, Callable<?> reading) throws Exception {
        try {
            reading.call();
            return true;
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
            return false;
        }
    }

    /** Numbers of epochs and updates that are negative, fractional or too large. */
    @ParameterizedTest
    @CsvSource({"-1, 0, 0", "1.5, 0, 0", "1, -2, 0", "1, 3000, 0", "1, 0, 2000000", "1e10, 0, 0"})
    void progressThatNoTrainingHasIsRefused(float epochs, float high, float low) throws Exception {
        Path file = folder.resolve("c");
        FrqEntry progress =
                new FrqEntry(
                        "progress",
                        new Shape(3),
                        null,
                        Precision.FLOAT32,
                        new float[] {epochs, high, low});
        new FrqDocument(List.of(), List.of(progress)).write(file);
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> Checkpoint.read(file).settings());
        assertTrue(e.getMessage().startsWith(file + ": expected"), e.getMessage());
    }

    private static Model model() {
        Model model = Model.newInstance("m", Device.cpu());
        model.setBlock(LeNet.build());
        model.getBlock()
                .initialize(
                        model.getNDManager(), DataType.FLOAT32, new Shape(1).addAll(LeNet.INPUT));
        return model;
    }
}
