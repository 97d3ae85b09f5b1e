package io.github.freqreg.format.checks;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Checks of what comes from a file, the same in every version. */
final class FrqChecks {

    private FrqChecks() {}

    /**
     * The number of elements, of extents of 0 or more; it fits 63 bits. For coefficients there are
     * one element and one axis, or more.
     */
    static long size(String name, long[] extents, boolean spectral) throws MalformedModelException {
        long size = 1;
        for (long extent : extents) {
            long high = Math.multiplyHigh(size, extent);
            size *= extent;
            if (extent < 0 || high != 0 || size < 0) {
                throw new MalformedModelException(
                        "the size of tensor "
                                + name
                                + (extent < 0 ? " is not known: " : " is too large: ")
                                + Arrays.toString(extents));
            }
        }
        if (spectral && (extents.length == 0 || size == 0)) {
            throw new MalformedModelException(
                    "tensor "
                            + name
                            + " has coefficients but no axis to transform: "
                            + Arrays.toString(extents));
        }
        return size;
    }

    /** The name of a tensor, in UTF-8. */
    static String text(byte[] name, int index) throws MalformedModelException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException("the name of tensor " + index + " is not UTF-8", e);
        }
    }

    static void finite(float value, int index, String tensor) throws MalformedModelException {
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
