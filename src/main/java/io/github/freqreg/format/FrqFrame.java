package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.v1.Version1Content;
import io.github.freqreg.format.v1.Version1Decoder;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The frame of a {@code .frq} file: magic, version and checksum around the content.
 *
 * <p>Decoding dispatches on the version. Nothing else in this package refers to an old version.
 */
final class FrqFrame {

    /** The version of files in which no tensor has a start. */
    static final byte PLAIN = 2;

    /** The version of files in which a tensor has a seeded start. */
    static final byte SEEDED = 3;

    /** The version of files in which a tensor starts at the identity. */
    static final byte IDENTITY = 4;

    /** The bytes of magic, version and checksum. */
    static final int BYTES = 8;

    private static final byte[] MAGIC = {'F', 'R', 'Q'};
    private static final int CONTENT = MAGIC.length + 1;

    private FrqFrame() {}

    /**
     * A decoded file.
     *
     * @param document what it holds
     * @param ends the offsets in the content at which the head and each entry end
     */
    record Decoded(FrqDocument document, List<Integer> ends) {}

    /**
     * Wraps a content.
     *
     * @param content the encoded content
     * @param version of the content, from 2 to 4
     */
    static byte[] wrap(byte[] content, byte version) {
        int end = CONTENT + content.length;
        ByteBuffer file =
                ByteBuffer.allocate(end + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(MAGIC)
                        .put(version)
                        .put(content);
        return file.putInt(checksum(file.array(), end)).array();
    }

    /** Checks the frame and decodes the content with the decoder of its version. */
    static Decoded decode(byte[] file) throws MalformedModelException {
        byte version = version(file);
        int end = file.length - Integer.BYTES;
        checkChecksum(file, end);
        ByteBuffer content = ByteBuffer.wrap(file, CONTENT, end - CONTENT).slice();
        return version == 1
                ? upgrade(Version1Decoder.decode(content))
                : new FrqDecoder(content, version).decode();
    }

    private static byte version(byte[] file) throws MalformedModelException {
        if (file.length < CONTENT || !Arrays.equals(Arrays.copyOf(file, MAGIC.length), MAGIC)) {
            throw new MalformedModelException(
                    "expected a .frq file, which starts with FRQ, but found "
                            + (file.length == 0
                                    ? "an empty file"
                                    : file.length + " bytes of something else"));
        }
        byte version = file[MAGIC.length];
        if (version < 1 || version > IDENTITY) {
            throw new MalformedModelException(
                    "expected version 1 to 4 of the .frq format but found version "
                            + (version & 0xff));
        }
        return version;
    }

    private static void checkChecksum(byte[] file, int end) throws MalformedModelException {
        if (end < CONTENT) {
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
    }

    private static int checksum(byte[] bytes, int count) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, count);
        return (int) checksum.getValue();
    }

    private static Decoded upgrade(Version1Content content) {
        List<FrqEntry> entries = content.tensors().stream().map(FrqFrame::upgrade).toList();
        return new Decoded(new FrqDocument(content.inputs(), entries), content.ends());
    }

    private static FrqEntry upgrade(Version1Content.Tensor tensor) {
        return new FrqEntry(
                tensor.name(),
                tensor.shape(),
                tensor.isSpectral() ? FrequencyAxes.OWN : null,
                tensor.isHalf() ? Precision.FLOAT16 : Precision.FLOAT32,
                tensor.values());
    }
}
