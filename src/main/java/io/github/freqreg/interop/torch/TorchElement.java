package io.github.freqreg.interop.torch;

import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The element types of PyTorch's tensors that are read. */
enum TorchElement {
    FLOAT32(Float.BYTES, "torch FloatStorage", "torch float32"),
    FLOAT64(Double.BYTES, "torch DoubleStorage", "torch float64"),
    FLOAT16(Short.BYTES, "torch HalfStorage", "torch float16"),
    BFLOAT16(Short.BYTES, "torch BFloat16Storage", "torch bfloat16"),
    INT64(Long.BYTES, "torch LongStorage", "torch int64"),
    INT32(Integer.BYTES, "torch IntStorage", "torch int32"),
    INT16(Short.BYTES, "torch ShortStorage", "torch int16"),
    INT8(Byte.BYTES, "torch CharStorage", "torch int8"),
    UINT8(Byte.BYTES, "torch ByteStorage", "torch uint8", "torch.storage UntypedStorage"),
    BOOL(Byte.BYTES, "torch BoolStorage", "torch bool"),
    UINT16(Short.BYTES, "torch uint16"),
    UINT32(Integer.BYTES, "torch uint32");

    private final int bytes;
    private final List<String> globals;

    TorchElement(int bytes, String... globals) {
        this.bytes = bytes;
        this.globals = List.of(globals);
    }

    /**
     * Returns the type that a global name of a pickle stands for.
     *
     * @param global module and name, of the class of a storage or of a data type
     */
    static Optional<TorchElement> of(String global) {
        return Arrays.stream(values()).filter(each -> each.globals.contains(global)).findFirst();
    }

    /** Returns the size of an element. */
    int bytes() {
        return bytes;
    }

    boolean isFloating() {
        return compareTo(INT64) < 0;
    }

    /** Returns an element of a floating type, rounded to the nearest float32. */
    float floating(ByteBuffer storage, int at) {
        return switch (this) {
            case FLOAT32 -> storage.getFloat(at);
            case FLOAT64 -> (float) storage.getDouble(at);
            case FLOAT16 -> Float16Utils.halfToFloat(storage.getShort(at));
            // The upper half of a float32.
            case BFLOAT16 -> Float.intBitsToFloat(storage.getShort(at) << Short.SIZE);
            default -> throw new IllegalStateException(this + " is not a floating type");
        };
    }

    /** Returns an element of an integer type; true is 1. */
    long integer(ByteBuffer storage, int at) {
        return switch (this) {
            case INT64 -> storage.getLong(at);
            case INT32 -> storage.getInt(at);
            case INT16 -> storage.getShort(at);
            case INT8 -> storage.get(at);
            case UINT8 -> Byte.toUnsignedLong(storage.get(at));
            case BOOL -> storage.get(at) == 0 ? 0 : 1;
            case UINT16 -> Short.toUnsignedLong(storage.getShort(at));
            case UINT32 -> Integer.toUnsignedLong(storage.getInt(at));
            default -> throw new IllegalStateException(this + " is not an integer type");
        };
    }
}
