package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.ScriptTensor;
import io.github.freqreg.TorchArchive;
import io.github.freqreg.UsesEngine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Skeletons are small, load as their archives do, and compute the same with the same weights. */
@UsesEngine
class TorchScriptSkeletonTest {

    private static final Map<String, String> TRAINABLE = Map.of("trainParam", "true");

    @TempDir private Path folder;

    private final NDManager manager;

    TorchScriptSkeletonTest(NDManager manager) {
        this.manager = manager;
    }

    private Path archive(ScriptModule module) throws IOException {
        Path file = folder.resolve("net.pt");
        TorchArchive.write(file, module);
        return file;
    }

    private static Model load(Path file) throws IOException, MalformedModelException {
        Model model = Model.newInstance("net");
        model.load(file, null, TRAINABLE);
        return model;
    }

    /** A module that gives its first argument the elements of the second. */
    private Model assignment() throws IOException, MalformedModelException {
        Path file = folder.resolve("assignment.pt");
        TorchArchive.write(
                file,
                new ScriptModule("__torch__.Assignment")
                        .method(
                                "def forward(self: __torch__.Assignment, to: Tensor, x: Tensor) ->"
                                        + " Tensor:",
                                "torch.set_data(to, x)",
                                "return to"));
        return load(file);
    }

    private NDArray answer(Model model, NDArray... inputs) {
        for (NDArray input : inputs) {
            // The engine passes named arrays as a dictionary.
            input.setName(null);
        }
        return model.getBlock()
                .forward(new ParameterStore(manager, false), new NDList(inputs), false)
                .head();
    }

    static List<ScriptModule> networks() {
        return TorchScriptArchiveTest.networks();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void skeletonComputesTheSameWithTheSameWeights(ScriptModule module)
            throws IOException, MalformedModelException {
        Path archive = archive(module);
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        assertEquals(
                TorchScriptArchive.read(archive).parameters(),
                TorchScriptArchive.read(skeleton).parameters().stream()
                        .filter(parameter -> !parameter.name().contains("running_"))
                        .toList());
        NDArray input =
                switch (module.type()) {
                    case "__torch__.LanguageModel" -> manager.create(new long[] {0, 6, 3});
                    case "__torch__.Net" -> manager.randomNormal(new Shape(2, 3, 6, 5));
                    case "__torch__.Decoder" -> manager.randomNormal(new Shape(1, 4, 2, 3));
                    default -> manager.randomNormal(new Shape(2, 5, 8));
                };
        try (Model whole = Model.newInstance("whole");
                Model empty = load(skeleton);
                Model assignment = assignment()) {
            // It shows the running statistics, as the skeleton does.
            whole.setBlock(TorchScript.load(whole.getNDManager(), archive));
            float[] expected = answer(whole, input).toFloatArray();
            assertFalse(Arrays.equals(expected, answer(empty, input).toFloatArray()));
            for (Pair<String, Parameter> each : whole.getBlock().getParameters()) {
                NDArray to = empty.getBlock().getParameters().get(each.getKey()).getArray();
                assertEquals(each.getValue().getArray().getShape(), to.getShape());
                if (!each.getKey().equals("head.weight")) {
                    // It is tied to one that has its weights by now.
                    assertEquals(0f, to.abs().sum().getFloat());
                }
                answer(assignment, to, each.getValue().getArray().duplicate());
            }
            assertArrayEquals(expected, answer(empty, input).toFloatArray());
        }
    }

    @Test
    void tiedWeightsStayTied() throws IOException, MalformedModelException {
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive(ScriptNetworks.tied(1)), skeleton);
        try (Model model = load(skeleton);
                Model assignment = assignment()) {
            NDArray first = model.getBlock().getParameters().get("embedding.weight").getArray();
            NDArray second = model.getBlock().getParameters().get("head.weight").getArray();
            answer(assignment, first, manager.ones(first.getShape()));
            assertEquals(28f, second.sum().getFloat());
        }
    }

    /** Views of one storage that show the same elements are one tensor in the skeleton. */
    @Test
    void tiedViewsBecomeOneTensor() throws IOException, MalformedModelException {
        ScriptTensor.Storage storage = ScriptTensor.Storage.of(new float[6]);
        Path archive =
                archive(
                        new ScriptModule("__torch__.Net")
                                .parameter("a", ScriptTensor.contiguous(storage, 2, 3))
                                .parameter("b", ScriptTensor.contiguous(storage, 2, 3))
                                .parameter("c", ScriptTensor.contiguous(storage, 3, 2))
                                .parameter("d", ScriptTensor.of(new float[6], 2, 3))
                                .forward("return x"));
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        assertEquals(
                TorchScriptArchive.read(archive).parameters(),
                TorchScriptArchive.read(skeleton).parameters());
    }

    @Test
    void namedTensorsAreEmptiedAndOthersKeepTheirValues()
            throws IOException, MalformedModelException {
        ScriptModule module = ScriptNetworks.convolutional(1);
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(
                archive(module), Set.of("fc.weight", "bn1.running_mean"), skeleton);
        try (Model whole = load(folder.resolve("net.pt"));
                Model empty = load(skeleton)) {
            for (Pair<String, Parameter> each : whole.getBlock().getParameters()) {
                NDArray value = empty.getBlock().getParameters().get(each.getKey()).getArray();
                float[] expected = each.getValue().getArray().toFloatArray();
                assertArrayEquals(
                        each.getKey().equals("fc.weight") ? new float[expected.length] : expected,
                        value.toFloatArray());
            }
        }
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        TorchScriptSkeleton.write(
                                                folder.resolve("net.pt"),
                                                Set.of("fc.wieght"),
                                                skeleton))
                        .getMessage();
        assertTrue(message.contains("fc.wieght"), message);
    }

    @Test
    void recordsThatNoNetworkNeedsAreDropped() throws IOException, MalformedModelException {
        Map<String, byte[]> records = TorchArchive.recordsOf(ScriptNetworks.convolutional(1));
        records.put("net/code/__torch__.py.debug_pkl", new byte[1000]);
        records.put("net/traced_inputs/0", new byte[1000]);
        records.put("net/extra/note", new byte[] {1, 2, 3});
        Path archive = folder.resolve("net.pt");
        try (OutputStream out = Files.newOutputStream(archive)) {
            TorchArchive.write(records, out);
        }
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        try (ZipFile zip = new ZipFile(skeleton.toFile())) {
            assertNull(zip.getEntry("n/code/__torch__.py.debug_pkl"));
            assertNull(zip.getEntry("n/traced_inputs/0"));
            assertArrayEquals(
                    new byte[] {1, 2, 3},
                    zip.getInputStream(zip.getEntry("n/extra/note")).readAllBytes());
            // The zero of all parameters and running statistics, and the count of batches.
            assertEquals(2, zip.stream().filter(e -> e.getName().startsWith("n/data/")).count());
        }
        load(skeleton).close();
    }

    /** A dictionary's type is a string in the pickle, where names of classes are not replaced. */
    @Test
    void sourceStaysWhereAStringNamesAClass() throws IOException, MalformedModelException {
        for (String note : List.of("no class", "Dict[str, __torch__.nn.Linear]")) {
            ScriptModule linear =
                    new ScriptModule("__torch__.nn.Linear")
                            .parameter("weight", ScriptTensor.of(new float[4], 2, 2))
                            .forward("return torch.linear(x, self.weight)");
            Path archive =
                    archive(
                            new ScriptModule("__torch__.Net")
                                    .child("fc", linear)
                                    .attribute("note", "str", note)
                                    .forward("return (self.fc).forward(x, )"));
            Path skeleton = folder.resolve("net.skeleton.pt");
            TorchScriptSkeleton.write(archive, skeleton);
            try (ZipFile zip = new ZipFile(skeleton.toFile())) {
                assertEquals(
                        note.equals("no class"), zip.getEntry("n/code/__torch__/nn.py") == null);
            }
            assertEquals(
                    TorchScriptArchive.read(archive).parameters(),
                    TorchScriptArchive.read(skeleton).parameters());
            load(skeleton).close();
        }
    }

    /** A large network: the skeleton's size does not depend on the number of weights. */
    @Test
    void skeletonIsSmall() throws IOException, MalformedModelException {
        Path archive =
                archive(
                        new ScriptModule("__torch__.Net")
                                .parameter(
                                        "weight", ScriptTensor.random(new Random(1), 1, 500, 500))
                                .forward("return torch.linear(x, self.weight)"));
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        assertTrue(Files.size(archive) > 1_000_000);
        assertTrue(Files.size(skeleton) < 1500, Files.size(skeleton) + " bytes");
        byte[] first = Files.readAllBytes(skeleton);
        TorchScriptSkeleton.write(archive, skeleton);
        assertArrayEquals(first, Files.readAllBytes(skeleton));
    }

    /**
     * Tensors that deflating does not make smaller are stored and start at multiples of 64 bytes.
     */
    @Test
    void tensorsAreAligned() throws IOException, MalformedModelException {
        Path archive =
                archive(
                        new ScriptModule("__torch__.Net")
                                .parameter("w", ScriptTensor.of(new float[2], 2))
                                .buffer(
                                        "table",
                                        ScriptTensor.of(
                                                new Random(1).longs(1 << 16).toArray(), 1 << 16))
                                .forward("return x"));
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive, skeleton);
        ByteBuffer file =
                ByteBuffer.wrap(Files.readAllBytes(skeleton)).order(ByteOrder.LITTLE_ENDIAN);
        int stored = 0;
        // The local headers, one after another: method, sizes, and the lengths of name and extra.
        for (int at = 0; file.getInt(at) == 0x04034b50; ) {
            int nameLength = file.getShort(at + 26);
            int content = at + 30 + nameLength + file.getShort(at + 28);
            String name = new String(file.array(), at + 30, nameLength, StandardCharsets.UTF_8);
            if (name.startsWith("n/data/") && file.getShort(at + 8) == ZipEntry.STORED) {
                assertEquals(0, content % 64, name);
                stored++;
            }
            at = content + file.getInt(at + 18);
        }
        assertTrue(stored > 0);
    }

    @Test
    void failureLeavesTheOldFile() throws IOException {
        Path skeleton = Files.writeString(folder.resolve("net.skeleton.pt"), "old");
        Path archive = archive(new ScriptModule("__torch__.Net").forward("return x"));
        String message =
                assertThrows(
                                MalformedModelException.class,
                                () -> TorchScriptSkeleton.write(archive, skeleton))
                        .getMessage();
        assertTrue(message.startsWith(archive + ": "), message);
        assertEquals("old", Files.readString(skeleton));
    }

    /** Loads an archive and prints the shape of its answer. */
    static final class Loader {

        private Loader() {}

        /** Takes the archive. */
        public static void main(String[] arguments) throws Exception {
            try (Model model = load(Path.of(arguments[0]))) {
                NDArray input = model.getNDManager().ones(new Shape(1, 3, 6, 5));
                NDList answer =
                        model.getBlock()
                                .forward(
                                        new ParameterStore(model.getNDManager(), false),
                                        new NDList(input),
                                        false);
                System.out.println(answer.head().getShape());
            }
        }
    }

    @Test
    void freshProcessLoadsIt() throws Exception {
        Path skeleton = folder.resolve("net.skeleton.pt");
        TorchScriptSkeleton.write(archive(ScriptNetworks.convolutional(1)), skeleton);
        String output =
                ChildProcess.run(
                        ChildProcess.java(),
                        List.of(
                                "-Dai.djl.offline=true",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                        Loader.class,
                        skeleton);
        assertTrue(output.contains("(1, 5)"), output);
    }
}
