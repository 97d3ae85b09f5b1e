package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.examples.networks.ResNet18;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.format.FrqDocument;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DJL's {@code .params} files are checked before DJL decodes them. */
class ParametersFileTest {

    @TempDir private static Path folder;

    private static final Model MODEL = network(1);
    private static byte[] file;

    private static Model network(int seed) {
        Training.seed(seed);
        Model model = Model.newInstance("net");
        model.setBlock(ResNet18.build(1, 10));
        model.getBlock()
                .initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3, 32, 32));
        return model;
    }

    @BeforeAll
    static void save() throws Exception {
        try (Model saved = network(2)) {
            saved.save(folder, "net");
            file = Files.readAllBytes(folder.resolve("net-0000.params"));
        }
    }

    @AfterAll
    static void close() {
        MODEL.close();
    }

    private static byte[] weights(Model model) {
        FrqDocument document = FrequencyFile.toDocument(model.getBlock(), DataType.FLOAT32);
        return document.encode();
    }

    private static void load(byte[] bytes) throws Exception {
        Path path = Files.write(folder.resolve("changed-0000.params"), bytes);
        ParametersFile.load(path, MODEL.getBlock(), MODEL.getNDManager());
    }

    private static String refusal(byte[] bytes) {
        byte[] before = weights(MODEL);
        String message =
                assertThrows(MalformedModelException.class, () -> load(bytes)).getMessage();
        assertTrue(message.contains("changed-0000.params: byte "), message);
        assertTrue(message.contains(": expected ") && message.contains(" but found "), message);
        assertArrayEquals(before, weights(MODEL), "the network is unchanged");
        return message;
    }

    @Test
    void loadsWhatDjlSaves() throws Exception {
        load(file);
        try (Model saved = network(2)) {
            assertArrayEquals(weights(saved), weights(MODEL));
        }
    }

    @Test
    void everyTruncationIsRefused() {
        for (int length = 0; length < file.length; length += length < 2_000 ? 7 : 997) {
            refusal(Arrays.copyOf(file, length));
        }
        assertTrue(refusal(Arrays.copyOf(file, file.length + 1)).contains("the end of the file"));
    }

    /** Returns the offset behind the last array's magic, where its version is. */
    private static int lastArray() {
        return new String(file, StandardCharsets.ISO_8859_1).lastIndexOf("NDAR") + 4;
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, Integer.MAX_VALUE, -1, 0, 41})
    void anotherLengthIsRefused(int length) {
        int at = file.length - 10 * Float.BYTES - Integer.BYTES;
        byte[] bytes = file.clone();
        assertEquals(10 * Float.BYTES, ByteBuffer.wrap(bytes).getInt(at));
        ByteBuffer.wrap(bytes).putInt(at, length);
        String message = refusal(bytes);
        assertTrue(message.contains("byte " + at), message);
        assertTrue(message.endsWith("bytes of bias 40 but found " + length), message);
    }

    /** The product of these extents is 0 in 64 bits, and their sum of bytes fits the file. */
    @Test
    void aShapeWhoseProductOverflowsIsRefused() {
        int extent = file.length - 10 * Float.BYTES - 4 - 1 - 2 - 4 - 8;
        byte[] bytes = file.clone();
        assertEquals(10, ByteBuffer.wrap(bytes).getLong(extent));
        ByteBuffer.wrap(bytes).putLong(extent, Long.MAX_VALUE);
        assertTrue(refusal(bytes).contains("expected shape (10) of"));
        ByteBuffer.wrap(bytes).putInt(extent - 4, Integer.MAX_VALUE);
        assertTrue(refusal(bytes).contains("a rank of at most 32 but found 2147483647"));
    }

    @Test
    void anUnknownVersionIsRefused() {
        byte[] bytes = file.clone();
        ByteBuffer.wrap(bytes).putInt(lastArray(), 4);
        assertTrue(refusal(bytes).contains("a version of the array of 1 to 3 but found 4"));
        byte[] ofFile = file.clone();
        ByteBuffer.wrap(ofFile).putInt(4, 2);
        assertTrue(refusal(ofFile).contains("version of the file 1 but found 2"));
    }

    /** Any changed byte of the structure is harmless or refused, and never anything else. */
    @Test
    void anyChangedByteIsReadOrRefused() throws Exception {
        Random random = new Random(4);
        int refused = 0;
        for (int trial = 0; trial < 400; trial++) {
            byte[] bytes = file.clone();
            int at = random.nextInt(trial % 2 == 0 ? 300 : bytes.length);
            bytes[at] = (byte) random.nextInt(256);
            try {
                load(bytes);
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > 50, refused + " were refused");
    }
}
