package io.github.freqreg.format.checks;

import ai.djl.MalformedModelException;
import io.github.freqreg.Internal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Checks of names, shapes and values that come from an untrusted file. */
@Internal
public final class FileChecks {

    /** The largest rank of a tensor, an array or a network input in any file. */
    public static final int MAX_RANK = 32;

    private FileChecks() {}

    /**
     * Returns the number of elements of a shape.
     *
     * @param name the tensor's name, for the message
     * @param extents the shape
     * @return the product of the extents
     * @throws MalformedModelException if an extent is negative or the product exceeds 63 bits
     */
    public static long size(String name, long[] extents) throws MalformedModelException {
        long size = 1;
        for (long extent : extents) {
            if (extent < 0) {
                throw new MalformedModelException(
                        "tensor " + name + " has a negative extent: " + Arrays.toString(extents));
            }
            long high = Math.multiplyHigh(size, extent);
            size *= extent;
            if (high != 0 || size < 0) {
                throw new MalformedModelException(
                        "the size of tensor "
                                + name
                                + " is too large: "
                                + Arrays.toString(extents));
            }
        }
        return size;
    }

    /**
     * Returns the number of elements of a tensor that is stored as coefficients.
     *
     * @param name the tensor's name, for the message
     * @param extents the shape
     * @return the product of the extents, 1 or more
     * @throws MalformedModelException as {@link #size}, or if the shape has no axis or no element,
     *     so that there is nothing to transform
     */
    public static long spectralSize(String name, long[] extents) throws MalformedModelException {
        long size = size(name, extents);
        if (extents.length == 0 || size == 0) {
            throw new MalformedModelException(
                    "tensor "
                            + name
                            + " has coefficients but no axis to transform: "
                            + Arrays.toString(extents));
        }
        return size;
    }

    /**
     * Decodes the name of a tensor.
     *
     * @param name the bytes
     * @param index the tensor's position in the file, for the message
     * @return the name
     * @throws MalformedModelException if the bytes are not UTF-8
     */
    public static String utf8(byte[] name, int index) throws MalformedModelException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException("the name of tensor " + index + " is not UTF-8", e);
        }
    }

    /**
     * Rejects NaN and infinity.
     *
     * @param value the value
     * @param index its position in the tensor, for the message
     * @param tensor the tensor's name, for the message
     * @throws MalformedModelException if the value is not finite
     */
    public static void checkFinite(float value, int index, String tensor)
            throws MalformedModelException {
        if (!Float.isFinite(value)) {
            throw new MalformedModelException(
                    "expected finite values but value "
                            + index
                            + " of tensor "
                            + tensor
                            + " is "
                            + value);
        }
    }
}
