package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import com.sun.management.ThreadMXBean;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.tasks.Training;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.policy.FrequencyRegularization;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every flipped bit and every truncation of a {@code .frq} file is detected. */
class DamageTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir private Path folder;

    /** The time that each rejection took, in nanoseconds. */
    private long longest;

    private static byte[] file(String network, boolean rounded) {
        try (Model model = Model.newInstance(network)) {
            boolean lenet = network.equals("lenet");
            Block plain = lenet ? LeNet.build() : new UNet(64, 4, 2);
            Shape input = lenet ? new Shape(1).addAll(LeNet.INPUT) : new Shape(1, 3, 32, 32);
            Training.seed(5);
            Block block = FrequencyRegularization.builder().optKept(33).build().apply(plain);
            block.initialize(model.getNDManager(), DataType.FLOAT32, input);
            return rounded
                    ? FrequencyFile.toDocument(block, Quantization.fit(block, 1_200, true)).encode()
                    : FrequencyFile.toDocument(block, DataType.FLOAT16).encode();
        }
    }

    @ParameterizedTest
    @CsvSource({"lenet, false", "lenet, true", "unet, false", "unet, true"})
    void everyFlippedBitAndEveryCutIsRefused(
            String network, boolean rounded, TestReporter reporter) {
        byte[] file = file(network, rounded);
        assertRefused(Arrays.copyOf(file, 5), "loads what is needed");
        longest = 0;
        for (int bit = 0; bit < Byte.SIZE * file.length; bit++) {
            byte[] damaged = file.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            assertRefused(damaged, "bit " + bit);
        }
        for (int length = 0; length < file.length; length++) {
            assertRefused(Arrays.copyOf(file, length), "cut at " + length);
        }
        assertRefused(Arrays.copyOf(file, file.length + 1), "a byte more");
        reporter.publishEntry("longest", longest / 1_000 + " µs");
    }

    /** Rejecting a file allocates at most 64 MiB. The times are printed but not asserted. */
    private void assertRefused(byte[] damaged, String what) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        long begin = System.nanoTime();
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class, () -> FrqDocument.decode(damaged), what);
        longest = Math.max(longest, System.nanoTime() - begin);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 64L << 20, what + ": " + allocated + " bytes");
        assertTrue(e.getMessage().startsWith("expected "), e.getMessage());
    }

    /** The program fails with a message, and a model that rejects the file is unchanged. */
    @Test
    void aDamagedFileIsOneLineAndExitCode1AndTheModelIsUnchanged() throws Exception {
        byte[] file = file("lenet", true);
        Random random = new Random(9);
        Path damaged = folder.resolve("damaged.frq");
        try (Model model = Model.newInstance("lenet")) {
            Training.seed(6);
            Block block =
                    FrequencyRegularization.builder().optKept(20).build().apply(LeNet.build());
            block.initialize(
                    model.getNDManager(), DataType.FLOAT32, new Shape(1).addAll(LeNet.INPUT));
            model.setBlock(block);
            byte[] before = FrequencyFile.toDocument(block, DataType.FLOAT32).encode();
            for (int i = 0; i < 40; i++) {
                byte[] bytes = file.clone();
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                Files.write(damaged, i % 2 == 0 ? bytes : Arrays.copyOf(file, i * 7));
                assertThrows(
                        MalformedModelException.class, () -> FrequencyFile.load(model, damaged));
                assertArrayEquals(
                        before, FrequencyFile.toDocument(block, DataType.FLOAT32).encode());
                assertOneLine("inspect " + damaged);
                if (i < 4) {
                    assertOneLine("evaluate lenet --weights " + damaged);
                }
            }
        }
    }

    private static void assertOneLine(String arguments) {
        ProgramRun run = ProgramRun.of(arguments.split(" "));
        assertEquals(1, run.code());
        String text = run.err();
        assertTrue(text.startsWith("error: ") && text.lines().count() == 1, text);
    }
}
