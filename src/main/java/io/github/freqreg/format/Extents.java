package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.util.Arrays;

/** Checks shapes that come from a file. */
final class Extents {

    private Extents() {}

    /** The number of elements, which fits 63 bits; 1 or more, on an axis or more, if spectral. */
    static long size(String name, long[] extents, boolean spectral) throws MalformedModelException {
        long size = 1;
        for (long extent : extents) {
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
        if (spectral && (extents.length == 0 || size == 0)) {
            throw new MalformedModelException(
                    "tensor "
                            + name
                            + " has coefficients but no axis to transform: "
                            + Arrays.toString(extents));
        }
        return size;
    }
}
