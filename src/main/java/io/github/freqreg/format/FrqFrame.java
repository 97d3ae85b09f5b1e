package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/** Reads the content of a file of one version. Trusts no byte of it. */
interface FrqDecoder {

    /** Reads all; to be called once. */
    FrqDocument decode() throws MalformedModelException;

    /** Where the head and each tensor end, in bytes from the start of the content. */
    List<Integer> ends();

    /** Checks magic, version and checksum, and picks the version's decoder. */
    static FrqDecoder of(byte[] file) throws MalformedModelException {
        byte[] magic = FrqDocument.MAGIC;
        int head = magic.length + 1;
        if (file.length < head || !Arrays.equals(Arrays.copyOf(file, head - 1), magic)) {
            throw new MalformedModelException(
                    "expected a .frq file, which starts with FRQ, but found "
                            + file.length
                            + " bytes of something else");
        }
        byte version = file[head - 1];
        if (version != 1 && version != FrqDocument.VERSION) {
            throw new MalformedModelException(
                    "expected version 1 or 2 of the .frq format but found version "
                            + (version & 0xff));
        }
        int end = file.length - Integer.BYTES;
        if (end < head) {
            throw new MalformedModelException(
                    "expected a checksum at the end, but the file has only "
                            + file.length
                            + " bytes");
        }
        int found = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
        int expected = checksum(file, end);
        if (found != expected) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected the checksum %08x but found %08x: the file is damaged or cut",
                            expected,
                            found));
        }
        ByteBuffer content = ByteBuffer.wrap(file, head, end - head).slice();
        return version == 1 ? new Version1Decoder(content) : new Version2Decoder(content);
    }

    /** The CRC-32C of the first bytes of a file. */
    static int checksum(byte[] bytes, int count) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, count);
        return (int) checksum.getValue();
    }
}
