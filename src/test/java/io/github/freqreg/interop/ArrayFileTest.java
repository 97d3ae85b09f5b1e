package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.Seeds;
import io.github.freqreg.interop.SecondSafetensors.Array;
import io.github.freqreg.interop.torch.PickleWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays survive a file bit for bit, for this reader, for an independent one and for DJL's. */
class ArrayFileTest {

    /** The types with their names in npy and in safetensors. */
    private static final List<List<Object>> TYPES =
            List.of(
                    List.of(DataType.FLOAT16, "<f2", "F16"),
                    List.of(DataType.FLOAT32, "<f4", "F32"),
                    List.of(DataType.FLOAT64, "<f8", "F64"),
                    List.of(DataType.UINT8, "|u1", "U8"),
                    List.of(DataType.INT8, "|i1", "I8"),
                    List.of(DataType.INT32, "<i4", "I32"),
                    List.of(DataType.INT64, "<i8", "I64"));

    @TempDir private Path folder;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray array(String name, DataType type, long... extents) {
        Shape shape = new Shape(extents);
        Random random = new Random(Seeds.of(name.hashCode()));
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = type.isFloating() ? (float) random.nextGaussian() : random.nextInt(100);
        }
        NDArray array = manager.create(values, shape).toType(type, true);
        array.setName(name);
        return array;
    }

    /** Arrays of every type and kind of shape, with names that are not sorted. */
    private NDList arrays() {
        NDList arrays = new NDList();
        TYPES.forEach(
                type -> {
                    DataType its = (DataType) type.get(0);
                    arrays.add(array("z/" + its, its, 3, 1, 5));
                    arrays.add(array("../" + its, its, 7));
                    arrays.add(array("a." + its, its));
                });
        NDArray turned = array("01Linear_weight", DataType.FLOAT32, 4, 6).transpose();
        turned.setName("größe 'quoted' \"twice\"\n");
        arrays.add(turned);
        arrays.add(array("empty", DataType.FLOAT32, 2, 0, 3));
        return arrays;
    }

    private static void assertSame(NDList expected, NDList actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).getName(), actual.get(i).getName());
            assertEquals(expected.get(i).getDataType(), actual.get(i).getDataType());
            assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
            assertArrayEquals(
                    expected.get(i).toByteArray(),
                    actual.get(i).toByteArray(),
                    actual.get(i).getName());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz", "W.NPZ"})
    void whatIsWrittenIsReadToTheBitInItsOrder(String name) throws Exception {
        Path file = folder.resolve("new/" + name);
        ArrayFile.write(arrays(), file);
        assertSame(arrays(), ArrayFile.read(manager, file));
        try (Stream<Path> there = Files.list(file.getParent())) {
            assertEquals(List.of(file), there.toList());
        }
        NDList other = new NDList(array("b", DataType.FLOAT32, 2));
        ArrayFile.write(other, file);
        assertSame(other, ArrayFile.read(manager, file));
        ArrayFile.write(new NDList(), file);
        assertEquals(0, ArrayFile.read(manager, file).size());
    }

    @Test
    void bfloat16IsReadAsFloat32() throws Exception {
        String header = "{\"a\":{\"dtype\":\"BF16\",\"shape\":[1,4],\"data_offsets\":[0,8]}}";
        // 1, -2, and the smallest and the largest positive numbers.
        byte[] data = {(byte) 0x80, 0x3f, 0, (byte) 0xc0, 1, 0, 0x7f, 0x7f};
        Path file = folder.resolve("w.safetensors");
        Files.write(file, ArrayBytes.safetensors(header, data));
        NDArray read = ArrayFile.read(manager, file).singletonOrThrow();
        assertEquals(new Shape(1, 4), read.getShape());
        assertArrayEquals(new float[] {1, -2, 0x1p-133f, 0x1.fep127f}, read.toFloatArray());
        // Infinity.
        data[6] = (byte) 0x80;
        Files.write(file, ArrayBytes.safetensors(header, data));
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> ArrayFile.read(manager, file));
        assertTrue(e.getMessage().endsWith("value 3 of array a is Infinity"), e.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void aSecondReaderReadsTheSame(Encoding encoding) throws Exception {
        byte[] file = ArrayFile.encode(arrays(), encoding, false);
        boolean npz = encoding == Encoding.NPZ;
        Map<String, Array> read = npz ? SecondNpz.read(file) : SecondSafetensors.read(file);
        assertEquals(arrays().size(), read.size());
        for (NDArray each : arrays()) {
            Array second = read.get(each.getName());
            String type =
                    TYPES.stream()
                            .filter(its -> its.get(0) == each.getDataType())
                            .map(its -> (String) its.get(npz ? 1 : 2))
                            .findFirst()
                            .orElseThrow();
            assertEquals(type, second.type());
            assertArrayEquals(each.getShape().getShape(), second.shape());
            assertArrayEquals(each.toByteArray(), second.bytes(), each.getName());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void djlReadsTheSame(Encoding encoding) {
        byte[] file = ArrayFile.encode(arrays(), encoding, false);
        NDList read = NDList.decode(manager, file);
        assertEquals(arrays().size(), read.size());
        for (NDArray each : arrays()) {
            assertArrayEquals(each.toByteArray(), read.get(each.getName()).toByteArray());
        }
    }

    /** DJL's own reader takes this header length, the bytes PK, for an empty zip archive. */
    @Test
    void aHeaderMayHaveAnyLength() throws Exception {
        String space = " ".repeat(0x4b50 - ArrayBytes.HEADER.length());
        byte[] file = ArrayBytes.safetensors(ArrayBytes.HEADER + space, new byte[8]);
        assertEquals('P', file[0]);
        assertEquals('K', file[1]);
        assertTrue(NDList.decode(manager, file).isEmpty());
        Path path = Files.write(folder.resolve("pk.safetensors"), file);
        assertEquals(new Shape(2), ArrayFile.read(manager, path).get("a").getShape());
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void nanAndInfinityAreReadOnlyIfAskedFor(String name) throws Exception {
        Path file = folder.resolve(name);
        for (DataType type : List.of(DataType.FLOAT16, DataType.FLOAT32, DataType.FLOAT64)) {
            for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
                NDArray array = manager.create(new float[] {0, 1, value}).toType(type, true);
                array.setName("bad one");
                NDList arrays = new NDList(array("good", type, 2), array);
                IllegalArgumentException refused =
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> ArrayFile.write(arrays, file));
                assertEquals(
                        "expected finite values but value 2 of array bad one is " + value,
                        refused.getMessage());
                ArrayFile.write(arrays, file, true);
                assertSame(arrays, ArrayFile.read(manager, file, true));
                MalformedModelException e =
                        assertThrows(
                                MalformedModelException.class, () -> ArrayFile.read(manager, file));
                assertEquals(file + ": " + refused.getMessage(), e.getMessage());
                Files.delete(file);
            }
        }
    }

    private void assertNotWritten(String message, String name, NDArray... arrays) {
        Path file = folder.resolve(name);
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.write(new NDList(arrays), file));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertFalse(Files.exists(file));
    }

    @Test
    void whatCannotBeReadIsNotWritten() {
        NDArray nameless = manager.create(1f);
        NDArray array = array("a", DataType.FLOAT32, 2);
        assertNotWritten("names of all arrays", "w.npz", nameless);
        assertNotWritten("the name a appears twice", "w.npz", array, array);
        assertNotWritten(
                "of 1 to 1024 bytes but found one of 0", "w.npz", array("", DataType.INT8));
        NDArray longer = array("é".repeat(513), DataType.INT8);
        assertNotWritten("of 1 to 1024 bytes but found one of 1026", "w.npz", longer);
        NDArray half = array("\ud800", DataType.INT8);
        assertNotWritten("unpaired surrogate", "w.safetensors", half);
        NDArray metadata = array("__metadata__", DataType.INT8);
        assertNotWritten("a name of an array but found __metadata__", "w.safetensors", metadata);
        NDArray flags = manager.create(new boolean[] {true});
        flags.setName("flags");
        assertNotWritten("but flags is boolean", "w.safetensors", flags);
        assertNotWritten("ends with .safetensors or .npz", "w.pt", array);
        assertNotWritten("ends with .safetensors or .npz", "npz", array);
        // A broadcast view of one number.
        NDArray huge = manager.create(1f).broadcast(new Shape(1 << 14, (1 << 14) + 1));
        huge.setName("huge");
        assertNotWritten("at most 1073741824 bytes", "w.npz", huge);
    }

    @Test
    void theNameTellsWhatIsReadAndTooLargeFilesAreNotRead() throws IOException {
        Path other = Files.writeString(folder.resolve("w.txt"), "text");
        IllegalArgumentException unknown =
                assertThrows(IllegalArgumentException.class, () -> ArrayFile.read(manager, other));
        assertTrue(unknown.getMessage().startsWith(other.toString()), unknown.getMessage());
        assertFalse(ArrayFile.isReadable(other));
        assertTrue(ArrayFile.isWritable(Path.of("a/b.Npz")));
        assertTrue(
                ArrayFile.isReadable(Path.of("a.PTH")) && !ArrayFile.isWritable(Path.of("a.pt")));
        for (String name : List.of("w.npz", "w.safetensors")) {
            Path file = folder.resolve(name);
            assertThrows(IOException.class, () -> ArrayFile.read(manager, file));
            try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(ArrayFile.MAX_BYTES + 1);
            }
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class, () -> ArrayFile.read(manager, file));
            assertEquals(
                    file + ": expected at most 1073741824 bytes but the file has 1073741825",
                    e.getMessage());
        }
    }

    @Test
    void stateDictionariesAreReadAndCoefficientsAreNot() throws Exception {
        PickleWriter writer = new PickleWriter().op(0x80, 2, '}', 'q', 0, '(');
        float[] values = {1, 2, 3, 4, 5, 6};
        writer.text("fc.weight")
                .tensor(
                        "FloatStorage",
                        "0",
                        6,
                        PickleWriter.floats(values),
                        0,
                        new int[] {3, 2},
                        new int[] {2, 1});
        Path file = folder.resolve("w.pt");
        NDList read = ArrayFile.read(manager, writer.op('u', '.').write(file));
        assertEquals("fc.weight", read.singletonOrThrow().getName());
        assertEquals(new Shape(3, 2), read.singletonOrThrow().getShape());
        assertArrayEquals(values, read.singletonOrThrow().toFloatArray());

        new PickleWriter()
                .op(0x80, 2, '}', '(')
                .text("s")
                .sparse(new long[] {0}, new long[] {1}, new float[] {7}, 4, 3)
                .op('u', '.')
                .write(file);
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> ArrayFile.read(manager, file));
        assertEquals(
                file
                        + ": expected dense arrays but s is sparse; TorchCheckpoint reads sparse"
                        + " coefficients",
                e.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void everyCutIsRefusedAndEveryFlippedBitIsReadOrRefused(Encoding encoding) throws Exception {
        NDList some = new NDList(array("a", DataType.FLOAT32, 2, 3), array("b", DataType.INT64, 4));
        byte[] file = ArrayFile.encode(some, encoding, false);
        assertEquals(2, ArrayFile.decode(file, encoding, false).size());
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThrows(
                    MalformedModelException.class, () -> ArrayFile.decode(cut, encoding, false));
        }
        byte[] more = Arrays.copyOf(file, file.length + 1);
        assertThrows(MalformedModelException.class, () -> ArrayFile.decode(more, encoding, false));
        int refused = 0;
        for (int bit = 0; bit < Byte.SIZE * file.length; bit++) {
            byte[] damaged = file.clone();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            try {
                ArrayFile.decode(damaged, encoding, false);
            } catch (MalformedModelException e) {
                refused++;
            }
        }
        assertTrue(refused > file.length, "refused " + refused + " of " + file.length);
    }
}
