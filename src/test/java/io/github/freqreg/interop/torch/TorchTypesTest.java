package io.github.freqreg.interop.torch;

import static io.github.freqreg.interop.torch.TorchSave.bytes;
import static io.github.freqreg.interop.torch.TorchSave.dictionary;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.interop.torch.TorchSave.Call;
import io.github.freqreg.interop.torch.TorchSave.Global;
import io.github.freqreg.interop.torch.TorchSave.Storage;
import io.github.freqreg.interop.torch.TorchSave.Tensor;
import io.github.freqreg.interop.torch.TorchSave.TypedTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The types of the tensors in a checkpoint, and the functions of PyTorch that rebuild them. */
class TorchTypesTest {

    @TempDir private Path folder;

    private float[] read(Object tensor) throws IOException, MalformedModelException {
        Path file = TorchSave.save(dictionary("w", tensor), folder.resolve("w.pt"));
        TorchTensor read = TorchCheckpoint.read(file).getTensors().get("w");
        assertEquals(new Shape(read.values().length), read.shape());
        return read.values();
    }

    static Stream<Arguments> types() {
        byte[] doubles = bytes(24, b -> b.putDouble(-1.5).putDouble(0.1).putDouble(3e-50));
        // The upper halves of 1, -2 and 3.140625 as float32.
        byte[] brains = {(byte) 0x80, 0x3f, 0, (byte) 0xc0, 0x49, 0x40};
        byte[] halves = {0, 0x3c, 0, (byte) 0xc0, 1, 0};
        byte[] ints = bytes(8, b -> b.putInt(-7).putInt(1 << 24));
        byte[] shorts = bytes(4, b -> b.putShort((short) -300).putShort(Short.MAX_VALUE));
        byte[] chars = {-128, 127};
        byte[] unsigned = {0, (byte) 200};
        byte[] flags = {1, 0, 1};
        byte[] longs = bytes(16, b -> b.putLong(-1).putLong(1L << 40));
        return Stream.of(
                type("DoubleStorage", doubles, 8, -1.5f, 0.1f, 0),
                type("FloatStorage", PickleWriter.floats(0.1f, -3), 4, 0.1f, -3),
                type("HalfStorage", halves, 2, 1, -2, 0x1p-24f),
                type("BFloat16Storage", brains, 2, 1, -2, 3.140625f),
                type("LongStorage", longs, 8, -1, 0x1p40f),
                type("IntStorage", ints, 4, -7, 0x1p24f),
                type("ShortStorage", shorts, 2, -300, 32767),
                type("CharStorage", chars, 1, -128, 127),
                type("ByteStorage", unsigned, 1, 0, 200),
                type("BoolStorage", flags, 1, 1, 0, 1));
    }

    private static Arguments type(String storage, byte[] content, int width, float... values) {
        return Arguments.of(storage, Tensor.vector(storage, "0", content, width), values);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void everyStorageIsReadToItsValues(String storage, Tensor tensor, float[] values)
            throws Exception {
        assertArrayEquals(values, read(tensor));
    }

    static Stream<Arguments> typed() {
        byte[] shorts = bytes(4, b -> b.putShort((short) 40_000).putShort((short) 2));
        byte[] ints = bytes(8, b -> b.putInt((int) 3_000_000_000L).putInt(2));
        byte[] brains = {(byte) 0x80, 0x3f, 0, (byte) 0xc0};
        return Stream.of(
                Arguments.of("uint16", shorts, new float[] {40_000, 2}),
                Arguments.of("uint32", ints, new float[] {3e9f, 2}),
                Arguments.of("float32", PickleWriter.floats(0.1f, -3), new float[] {0.1f, -3}),
                Arguments.of("bfloat16", brains, new float[] {1, -2}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("typed")
    void untypedStoragesHaveTheTypeOfTheTensor(String type, byte[] content, float[] values)
            throws Exception {
        Tensor untyped = Tensor.vector("UntypedStorage", "0", content, 1);
        int[] shape = {values.length};
        assertArrayEquals(
                values, read(new TypedTensor(untyped.view(0, shape, new int[] {1}), type)));
    }

    @Test
    void anUntypedStorageMustHoldTheElementsOfTheType() {
        Tensor untyped = Tensor.vector("UntypedStorage", "0", new byte[6], 1);
        int[] two = {2};
        assertRefused(
                new TypedTensor(untyped.view(0, two, new int[] {1}), "float32"),
                "does not fit its storage of 1 elements");
    }

    @Test
    void parametersAndSubclassesAreTheirTensors() throws Exception {
        Tensor tensor = Tensor.floats("0", 1, 2);
        float[] values = {1, 2};
        Object hooks = new Call("collections", "OrderedDict", List.of());
        List<Object> plain = List.of(tensor, true, hooks);
        List<Object> withState = List.of(tensor, true, hooks, Map.of("tag", 5));
        assertArrayEquals(values, read(new Call("torch._utils", "_rebuild_parameter", plain)));
        assertArrayEquals(
                values, read(new Call("torch._utils", "_rebuild_parameter_with_state", withState)));
        List<Object> subclass =
                List.of(
                        new Global("torch._utils", "_rebuild_parameter"),
                        new Global("torch.nn.parameter", "Parameter"),
                        plain,
                        Map.of("tag", 5));
        assertArrayEquals(
                values, read(new Call("torch._tensor", "_rebuild_from_type_v2", subclass)));
    }

    static Stream<Arguments> refused() {
        Tensor quantised = Tensor.vector("QInt8Storage", "0", new byte[2], 1);
        Tensor bytes = Tensor.vector("UntypedStorage", "0", new byte[2], 1);
        return Stream.of(
                Arguments.of(
                        "torch.ComplexFloatStorage",
                        Tensor.vector("ComplexFloatStorage", "0", new byte[8], 8)),
                Arguments.of("torch.QInt8Storage", quantised),
                Arguments.of(
                        "torch.QUInt8Storage",
                        new Call(
                                "torch._utils",
                                "_rebuild_qtensor",
                                List.of(new Storage("QUInt8Storage", "0", 2), 0))),
                Arguments.of("torch.float8_e4m3fn", new TypedTensor(bytes, "float8_e4m3fn")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void otherTypesAreRefusedByName(String type, Object tensor) {
        assertRefused(
                tensor,
                "expected w to be a tensor of real numbers but found a tensor of "
                        + type
                        + "; convert it in PyTorch before it is saved: tensor.float()");
    }

    @Test
    void otherTypesMayStandBesideTheNetwork() throws Exception {
        Tensor complex = Tensor.vector("ComplexFloatStorage", "1", new byte[8], 8);
        Map<Object, Object> checkpoint =
                dictionary("basis", complex, "net", dictionary("w", Tensor.floats("0", 3)));
        Path file = TorchSave.save(checkpoint, folder.resolve("w.pt"));
        assertArrayEquals(
                new float[] {3}, TorchCheckpoint.read(file).getTensors().get("w").values());
    }

    @Test
    void valuesWithoutAFloat32AreRefused() {
        byte[] large = bytes(8, b -> b.putDouble(1e39));
        assertRefused(
                Tensor.vector("DoubleStorage", "0", large, 8),
                "value 0 of w is Infinity as float32");
        byte[] odd = bytes(4, b -> b.putInt((1 << 24) + 1));
        assertRefused(
                Tensor.vector("IntStorage", "0", odd, 4),
                "the integer 16777217 of w has no exact float32");
        assertRefused(Tensor.scalar("0", Long.MAX_VALUE), "has no exact float32");
    }

    @Test
    void bigEndianStoragesAreRead() throws Exception {
        byte[] content = {0x3f, (byte) 0x80, 0, 0, (byte) 0xc0, 0, 0, 0};
        Tensor tensor = Tensor.vector("FloatStorage", "0", content, 4);
        PickleWriter save = TorchSave.save(dictionary("w", tensor));
        Path file = save.byteOrder("big").write(folder.resolve("big.pt"));
        assertArrayEquals(
                new float[] {1, -2}, TorchCheckpoint.read(file).getTensors().get("w").values());
        Path little = save.byteOrder("little").write(folder.resolve("little.pt"));
        assertEquals(
                Float.intBitsToFloat(0x803f),
                TorchCheckpoint.read(little).getTensors().get("w").values()[0]);
        Path other = save.byteOrder("middle").write(folder.resolve("other.pt"));
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> TorchCheckpoint.read(other));
        assertTrue(e.getMessage().endsWith("little or big but found middle"), e.getMessage());
    }

    private void assertRefused(Object tensor, String message) {
        MalformedModelException e = assertThrows(MalformedModelException.class, () -> read(tensor));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
