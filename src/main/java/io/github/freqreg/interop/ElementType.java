package io.github.freqreg.interop;

import ai.djl.ndarray.types.DataType;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;

/**
 * The element types of safetensors and npy files that are read. A type that the engine lacks is
 * converted to the smallest of the engine's types that has all its values.
 */
enum ElementType {
    BOOL("BOOL", 1, DataType.BOOLEAN),
    UINT8("U8", 1, DataType.UINT8),
    INT8("I8", 1, DataType.INT8),
    UINT16("U16", 2, DataType.INT32),
    INT16("I16", 2, DataType.INT32),
    UINT32("U32", 4, DataType.INT64),
    INT32("I32", 4, DataType.INT32),
    /** Only values below 2⁶³ are read. */
    UINT64("U64", 8, DataType.INT64),
    INT64("I64", 8, DataType.INT64),
    /** Four bits of exponent, three of fraction, no infinity; only in safetensors. */
    FLOAT8_E4M3("F8_E4M3", 1, DataType.FLOAT32),
    /** The upper half of a float16; only in safetensors. */
    FLOAT8_E5M2("F8_E5M2", 1, DataType.FLOAT32),
    FLOAT16("F16", 2, DataType.FLOAT16),
    /** The upper half of a float32, with which DJL 0.36 can crash; only in safetensors. */
    BFLOAT16("BF16", 2, DataType.FLOAT32),
    FLOAT32("F32", 4, DataType.FLOAT32),
    FLOAT64("F64", 8, DataType.FLOAT64);

    private final String safetensors;
    private final int bytes;
    private final DataType engineType;

    ElementType(String safetensors, int bytes, DataType engineType) {
        this.safetensors = safetensors;
        this.bytes = bytes;
        this.engineType = engineType;
    }

    /** Returns the name in the header of a safetensors file. */
    String safetensors() {
        return safetensors;
    }

    /** Returns the size of an element. */
    int bytes() {
        return bytes;
    }

    /** Returns the type of the engine's array. */
    DataType engineType() {
        return engineType;
    }

    /** Returns whether the engine takes the bytes as they are. */
    boolean isNative() {
        return engineType.name().equals(name()) || this == BOOL;
    }

    /** Returns whether the elements are floating-point numbers. */
    boolean isFloating() {
        return compareTo(FLOAT8_E4M3) >= 0;
    }

    /** Reads a floating-point number, which is exact. */
    double real(ByteBuffer in) {
        return switch (this) {
            case FLOAT8_E4M3 -> e4m3(in.get());
            case FLOAT8_E5M2 -> Float16Utils.halfToFloat((short) (in.get() << Byte.SIZE));
            case FLOAT16 -> Float16Utils.halfToFloat(in.getShort());
            case BFLOAT16 -> Float.intBitsToFloat(in.getShort() << Short.SIZE);
            case FLOAT32 -> in.getFloat();
            default -> in.getDouble();
        };
    }

    private static float e4m3(byte bits) {
        int exponent = bits >> 3 & 0xf;
        int fraction = bits & 7;
        if (exponent == 0xf && fraction == 7) {
            return Float.NaN;
        }
        // The exponent has a bias of 7, and the fraction three bits.
        float magnitude =
                exponent == 0 ? Math.scalb(fraction, -9) : Math.scalb(8f + fraction, exponent - 10);
        return bits < 0 ? -magnitude : magnitude;
    }

    /** Reads an integer or a boolean; a uint64 of 2⁶³ or more becomes negative. */
    long integer(ByteBuffer in) {
        return switch (this) {
            case BOOL, UINT8 -> in.get() & 0xff;
            case INT8 -> in.get();
            case UINT16 -> in.getShort() & 0xffff;
            case INT16 -> in.getShort();
            case UINT32 -> in.getInt() & 0xffffffffL;
            case INT32 -> in.getInt();
            default -> in.getLong();
        };
    }
}
