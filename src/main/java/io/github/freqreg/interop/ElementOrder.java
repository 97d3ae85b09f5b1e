package io.github.freqreg.interop;

import java.nio.ByteBuffer;

/** Copies the elements of an npy array into the order of {@link RawArray}. */
final class ElementOrder {

    private ElementOrder() {}

    /**
     * Copies elements from column-major to row-major order.
     *
     * @param elements the elements, as many as the shape has
     * @param extents the shape
     * @param width the bytes of an element
     */
    static ByteBuffer rowMajor(ByteBuffer elements, long[] extents, int width) {
        ByteBuffer ordered = ByteBuffer.allocate(elements.remaining());
        long[] place = new long[extents.length];
        long from = 0;
        while (ordered.hasRemaining()) {
            ordered.put(elements.slice((int) from * width, width));
            from = step(place, from, extents);
        }
        return ordered.flip();
    }

    /**
     * Advances a place to the next one in row-major order, and returns its position in column-major
     * order.
     */
    private static long step(long[] place, long position, long[] extents) {
        long at = position;
        long stride = 1;
        for (long extent : extents) {
            stride *= extent;
        }
        for (int axis = extents.length - 1; axis >= 0; axis--) {
            stride /= extents[axis];
            if (++place[axis] < extents[axis]) {
                return at + stride;
            }
            at -= stride * (extents[axis] - 1);
            place[axis] = 0;
        }
        return 0;
    }

    /** Copies elements with their bytes reversed, from big-endian to little-endian. */
    static ByteBuffer littleEndian(ByteBuffer elements, int width) {
        ByteBuffer reversed = ByteBuffer.allocate(elements.remaining());
        for (int start = 0; start < elements.remaining(); start += width) {
            for (int i = width - 1; i >= 0; i--) {
                reversed.put(elements.get(elements.position() + start + i));
            }
        }
        return reversed.flip();
    }
}
