package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.TestModels;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import io.github.freqreg.format.Sample;
import io.github.freqreg.interop.torch.PickleWriter;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files too large for the heap give an error, after which the process works as before. */
class SmallHeapTest {

    /** As float32, these are 32 MiB, more than the heap of 24 MiB. */
    private static final int COUNT = 1 << 23;

    private static final Path SET = Path.of("test/resources/malformed");

    @TempDir private Path folder;

    /** Reads files and exits with 0 if each gave the expected error. */
    static final class Reader {

        private Reader() {}

        /** Takes the folder with the large files. */
        public static void main(String[] arguments) throws Exception {
            // Small files that are malformed, many of which claim to be large.
            for (Sample sample : MalformedFiles.all()) {
                if (sample.hasExtension(".frq") && !sample.isGood()) {
                    expectMalformed(sample);
                }
            }
            // Large files.
            Path folder = Path.of(arguments[0]);
            expectRefused(() -> FrqDocument.read(folder.resolve("large.frq")));
            expectRefused(() -> FrqDocument.read(folder.resolve("zeros.frq")));
            try (NDManager manager = NDManager.newBaseManager();
                    Model model = Model.newInstance("small")) {
                for (String name : List.of("large.safetensors", "zeros.npz", "large.pt")) {
                    expectRefused(() -> ArrayFile.read(manager, folder.resolve(name)));
                }
                model.setBlock(new SequentialBlock().add(TestModels.linear(2)));
                expectRefused(() -> FrequencyFile.load(model, folder.resolve("zeros.frq")));
                // Small valid files are still read.
                FrequencyFile.load(model, SET.resolve("good-2-linear.frq"));
                ArrayFile.read(manager, SET.resolve("good-two.safetensors"));
                ArrayFile.read(manager, SET.resolve("good-deflated.npz"));
                ArrayFile.read(manager, SET.resolve("good-state-dict.pt"));
            }
            System.out.println("done");
        }

        private static void expectMalformed(Sample sample) throws IOException {
            try {
                FrqDocument.read(SET.resolve(sample.name()));
            } catch (MalformedModelException e) {
                if (e.getMessage().contains(sample.message())) {
                    return;
                }
                throw new AssertionError(sample.name(), e);
            }
            throw new AssertionError(sample.name());
        }

        private static void expectRefused(Access access) throws Exception {
            try {
                access.run();
            } catch (IOException e) {
                String expected =
                        "the file cannot be read: it needs more memory than the "
                                + Runtime.getRuntime().maxMemory()
                                + " bytes of the Java heap (-Xmx)";
                if (e.getMessage().endsWith(expected)) {
                    return;
                }
                throw e;
            }
            throw new AssertionError("The heap was large enough");
        }
    }

    /** A read that may run out of memory. */
    @FunctionalInterface
    private interface Access {

        void run() throws Exception;
    }

    @Test
    void whatDoesNotFitTheHeapIsAnErrorAndNoCrash() throws Exception {
        float[] values = new float[COUNT];
        document(values, Precision.ofStep(1)).write(folder.resolve("zeros.frq"));
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(0x3f800000 | i * 0x9e37 & 0x7fffff);
        }
        document(values, Precision.FLOAT32).write(folder.resolve("large.frq"));
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray zeros = manager.zeros(new Shape(COUNT));
            zeros.setName("w");
            ArrayFile.write(new NDList(zeros), folder.resolve("large.safetensors"));
            ArrayFile.write(new NDList(zeros), folder.resolve("zeros.npz"));
        }
        new PickleWriter()
                .op(0x80, 2, '}', '(')
                .text("w")
                .tensor(
                        "FloatStorage",
                        "0",
                        COUNT,
                        new byte[4 * COUNT],
                        0,
                        new int[] {COUNT},
                        new int[] {1})
                .op('u', '.')
                .write(folder.resolve("large.pt"));
        assertTrue(Files.size(folder.resolve("zeros.frq")) < 20_000);
        String output =
                ChildProcess.run(
                        ChildProcess.java(),
                        List.of(
                                "-Xmx24m",
                                "-Dai.djl.offline=true",
                                "-Dai.djl.pytorch.num_threads=1",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                        Reader.class,
                        folder);
        assertEquals("done", output.lines().reduce("", (first, last) -> last));
    }

    private static FrqDocument document(float[] values, Precision precision) {
        FrqEntry tensor =
                new FrqEntry(
                        "01Linear_weight",
                        new Shape(2, COUNT / 2),
                        FrequencyAxes.OWN,
                        precision,
                        values);
        return new FrqDocument(List.of(new Shape(1, COUNT / 2)), List.of(tensor));
    }
}
