package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDList.Encoding;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The writer refuses exactly what its reader would: the limit is written, one more is not. */
class ArrayLimitsTest {

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static Shape ones(int rank) {
        return new Shape(LongStream.generate(() -> 1).limit(rank).toArray());
    }

    private NDArray array(String name, Shape shape) {
        NDArray array = manager.zeros(shape);
        array.setName(name);
        return array;
    }

    private NDList arrays(int count, String start) {
        NDList arrays = new NDList(count);
        for (int i = 0; i < count; i++) {
            arrays.add(array(start + (100_000 + i), new Shape(0)));
        }
        return arrays;
    }

    private void assertLimit(NDList most, NDList more, Encoding encoding, String message)
            throws MalformedModelException {
        byte[] file = ArrayFile.encode(most, encoding, true);
        assertEquals(most.size(), ArrayFile.decode(file, encoding, true).size());
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.encode(more, encoding, true));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theRankOfAnArrayIsLimited(Encoding encoding) throws MalformedModelException {
        assertLimit(
                new NDList(array("w", ones(32))),
                new NDList(array("w", ones(33))),
                encoding,
                "at most 32 axes of array w but found 33");
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theNumberOfArraysIsLimited(Encoding encoding) throws MalformedModelException {
        int most = encoding == Encoding.NPZ ? 65_534 : 65_536;
        NDList more = arrays(most + 1, "");
        NDList fewer = new NDList(more.subList(0, most));
        assertLimit(fewer, more, encoding, "at most " + most + " arrays");
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theLengthOfANameIsLimited(Encoding encoding) throws MalformedModelException {
        assertLimit(
                new NDList(array("é".repeat(512), new Shape(1))),
                new NDList(array("é".repeat(512) + "e", new Shape(1))),
                encoding,
                "a name of 1 to 1024 bytes but found one of 1025");
        assertLimit(
                new NDList(array("n", new Shape(1))),
                new NDList(array("", new Shape(1))),
                encoding,
                "a name of 1 to 1024 bytes but found one of 0");
    }

    /** Only empty arrays have large extents, which take no bytes. */
    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void theExtentsOfAnEmptyArrayAreLimited(Encoding encoding) throws MalformedModelException {
        assertLimit(
                new NDList(array("w", new Shape(999_999_999_999_999_999L, 0))),
                new NDList(array("w", new Shape(1_000_000_000_000_000_000L, 0))),
                encoding,
                "extents of at most 999999999999999999 of array w");
        assertLimit(
                new NDList(array("w", new Shape(1L << 31, 1L << 31, 0))),
                new NDList(array("w", new Shape(1L << 31, 1L << 31, 2, 0))),
                encoding,
                "too large");
    }

    @ParameterizedTest
    @EnumSource(names = {"SAFETENSORS", "NPZ"})
    void valuesAreFiniteUnlessAskedFor(Encoding encoding) throws MalformedModelException {
        NDArray largest = manager.create(new float[] {Float.MAX_VALUE});
        NDArray larger = largest.mul(2);
        largest.setName("w");
        larger.setName("w");
        assertEquals(1, decodedFinite(largest, encoding));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.encode(new NDList(larger), encoding, false));
        assertEquals("expected finite values but value 0 of array w is Infinity", e.getMessage());
    }

    private static int decodedFinite(NDArray array, Encoding encoding)
            throws MalformedModelException {
        byte[] file = ArrayFile.encode(new NDList(array), encoding, false);
        return ArrayFile.decode(file, encoding, false).size();
    }

    /** Zeros are what deflate packs most. */
    @Test
    void aReaderUnpacksWhatDeflatePacksMost() throws MalformedModelException {
        NDList zeros = new NDList(array("w", new Shape(1 << 24)));
        byte[] file = ArrayFile.encode(zeros, Encoding.NPZ, true);
        assertTrue(file.length < (1 << 26) / 1000, file.length + " bytes");
        assertEquals(
                1 << 26, ArrayFile.decode(file, Encoding.NPZ, true).get(0).bytes().remaining());
    }

    @Test
    void theSizeOfAFileIsLimited() {
        ArrayFile.checkSize(ArrayFile.MAX_BYTES);
        assertThrows(
                IllegalArgumentException.class, () -> ArrayFile.checkSize(ArrayFile.MAX_BYTES + 1));
    }

    @Test
    void theHeaderOfSafetensorsIsLimited() throws MalformedModelException {
        NDList more = arrays(16_100, "n".repeat(1018));
        NDList fewer = new NDList(more.subList(0, 15_000));
        assertLimit(
                fewer, more, Encoding.SAFETENSORS, "a header of at most 16777216 bytes but they");
        byte[] length = {0, 0, 0, 1, 0, 0, 0, 0};
        ArrayFile.checkHeader(length);
        length[0] = 1;
        assertThrows(IllegalArgumentException.class, () -> ArrayFile.checkHeader(length));
    }

    /** A broadcast view of 1 GiB over one number: headers count towards the limit too. */
    @Test
    void whatIsUnpackedOfAnNpzIsLimited() {
        NDArray huge = manager.create(1f).broadcast(new Shape(1 << 28));
        huge.setName("huge");
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ArrayFile.encode(new NDList(huge), Encoding.NPZ, true));
        assertTrue(e.getMessage().contains("but the arrays have 1073741952"), e.getMessage());
    }

    /** Compares headers of every form with those that NumPy 2.4 writes. */
    @Test
    void theHeadOfAnArrayIsNumpys() {
        for (Shape shape :
                List.of(new Shape(), new Shape(5), new Shape(2, 3), ones(32), new Shape(0))) {
            byte[] head = NpzWriter.head(array("w", shape));
            assertEquals(0, head.length % 64);
            String text = new String(head, 10, head.length - 10, StandardCharsets.US_ASCII);
            String tuple = shape.dimension() == 1 ? "(" + shape.get(0) + ",)" : shape.toString();
            assertEquals(
                    "{'descr': '<f4', 'fortran_order': False, 'shape': " + tuple + ", }",
                    text.strip());
            assertEquals(head.length - 10, (head[8] & 0xff) | (head[9] & 0xff) << 8);
            assertEquals('\n', head[head.length - 1]);
        }
    }
}
