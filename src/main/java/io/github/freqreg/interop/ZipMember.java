package io.github.freqreg.interop;

/**
 * One entry of a zip archive, as the central directory describes it.
 *
 * @param name the bytes of the name
 * @param flags the general-purpose flags
 * @param method the compression method
 * @param crc the CRC-32 of the content
 * @param packed the size in the archive, an unsigned 32-bit number
 * @param size the uncompressed size, an unsigned 32-bit number
 * @param offset the offset of the local header, an unsigned 32-bit number
 */
record ZipMember(byte[] name, int flags, int method, int crc, long packed, long size, long offset) {

    static final int STORED = 0;
    static final int DEFLATED = 8;

    /** The flag of sizes and checksum in a descriptor behind the content. */
    private static final int DESCRIPTOR = 1 << 3;

    /** The flag of a name in UTF-8. */
    private static final int UTF_8 = 1 << 11;

    /** The flags of the compression level, which readers can ignore. */
    private static final int LEVEL = 3 << 1;

    boolean hasDescriptor() {
        return (flags & DESCRIPTOR) != 0;
    }

    boolean hasUtf8Name() {
        return (flags & UTF_8) != 0;
    }

    /** Returns whether flags and method need nothing that the readers here lack. */
    boolean isSupported() {
        return (flags & ~(DESCRIPTOR | UTF_8 | LEVEL)) == 0
                && (method == STORED || method == DEFLATED);
    }
}
