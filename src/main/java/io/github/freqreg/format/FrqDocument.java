package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.TensorStart;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The contents of a {@code .frq} file: the shapes of the network's inputs and one entry for each
 * parameter.
 *
 * <p>A file may leave out names and shapes, because the network it is loaded into knows them. It
 * then holds their {@link #fingerprint} instead, so that it cannot be loaded into another network.
 *
 * <p>The package documentation specifies the bytes. A value class, safe for concurrent use.
 *
 * @param inputs the shapes of the network's inputs, with -1 for an extent that is not fixed
 * @param entries the parameters of the network, in its order; either all have names and shapes or
 *     none has
 * @param fingerprint the CRC-32C of the names and shapes: for each entry its name in UTF-8, a zero
 *     byte, its rank as a byte, and its extents as little-endian 64-bit integers
 */
public record FrqDocument(List<Shape> inputs, List<FrqEntry> entries, int fingerprint) {

    /** The largest file that is read or written, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    /**
     * Copies the lists and checks names and fingerprint.
     *
     * @param inputs the shapes of the network's inputs
     * @param entries the parameters of the network
     * @param fingerprint the fingerprint of the names and shapes
     * @throws IllegalArgumentException if two entries have the same name, only some have names, or
     *     the fingerprint is not that of the names and shapes
     */
    public FrqDocument {
        inputs = List.copyOf(inputs);
        entries = List.copyOf(entries);
        boolean named = entries.stream().anyMatch(FrqEntry::isNamed);
        if (named && fingerprint != fingerprintOf(entries)) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "Expected the fingerprint %08x of the names and shapes but found %08x",
                            fingerprintOf(entries),
                            fingerprint));
        }
    }

    /**
     * Creates a document with names, and computes its fingerprint.
     *
     * @param inputs the shapes of the network's inputs
     * @param entries the parameters of the network, with names and shapes
     * @throws IllegalArgumentException if two entries have the same name, or one has none
     */
    public FrqDocument(List<Shape> inputs, List<FrqEntry> entries) {
        this(inputs, entries, fingerprintOf(entries));
    }

    private static int fingerprintOf(List<FrqEntry> entries) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (FrqEntry entry : entries) {
            if (!entry.isNamed()) {
                throw new IllegalArgumentException("Expected names of all tensors");
            }
            if (shapes.put(entry.name(), entry.shape()) != null) {
                throw new IllegalArgumentException("Two tensors are named " + entry.name());
            }
        }
        return fingerprintOf(shapes);
    }

    private static int fingerprintOf(Map<String, Shape> shapes) {
        CRC32C crc = new CRC32C();
        shapes.forEach(
                (name, shape) -> {
                    crc.update(name.getBytes(StandardCharsets.UTF_8));
                    crc.update(0);
                    crc.update(shape.dimension());
                    for (long extent : shape.getShape()) {
                        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
                        crc.update(bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(extent).flip());
                    }
                });
        return (int) crc.getValue();
    }

    /**
     * Returns whether the entries have names and shapes.
     *
     * @return false if the file leaves them to the network
     */
    public boolean isNamed() {
        return entries.stream().allMatch(FrqEntry::isNamed);
    }

    /**
     * Returns this document without names and shapes, for a smaller file.
     *
     * @return the same values and fingerprint
     */
    public FrqDocument withoutNames() {
        List<FrqEntry> bare = entries.stream().map(entry -> entry.renamed(null, null)).toList();
        return new FrqDocument(inputs, bare, fingerprint);
    }

    /**
     * Returns this document with the names and shapes of a network.
     *
     * @param network the names and shapes of the network's parameters, in its order
     * @return the same values with names and shapes; this document if it has them already
     * @throws MalformedModelException if the fingerprint or the number of entries is not the
     *     network's, or an entry does not fit its shape
     */
    public FrqDocument withNames(Map<String, Shape> network) throws MalformedModelException {
        if (isNamed()) {
            return this;
        }
        int expected = fingerprintOf(network);
        if (fingerprint != expected || entries.size() != network.size()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected %d tensors with the fingerprint %08x of the network but found"
                                    + " %d with %08x: the file belongs to another network, or to one"
                                    + " built with other options",
                            network.size(),
                            expected,
                            entries.size(),
                            fingerprint));
        }
        List<FrqEntry> named = new ArrayList<>();
        for (Map.Entry<String, Shape> parameter : network.entrySet()) {
            FrqEntry entry = entries.get(named.size());
            try {
                named.add(entry.renamed(parameter.getKey(), parameter.getValue()));
            } catch (IllegalArgumentException e) {
                throw new MalformedModelException(e.getMessage(), e);
            }
        }
        return new FrqDocument(inputs, named, fingerprint);
    }

    /**
     * Returns how many numbers the file stores.
     *
     * @return the kept coefficients and the elements of all entries
     */
    public long numbers() {
        return entries.stream().mapToLong(entry -> entry.values().length).sum();
    }

    /** Returns the version of the format that holds this content. */
    byte version() {
        List<TensorStart> starts =
                entries.stream()
                        .filter(FrqEntry::spectral)
                        .flatMap(entry -> Stream.ofNullable(entry.axes().start()))
                        .toList();
        if (starts.contains(TensorStart.IDENTITY)) {
            return FrqFrame.IDENTITY;
        }
        return starts.isEmpty() ? FrqFrame.PLAIN : FrqFrame.SEEDED;
    }

    /**
     * Encodes the file: in version 4 of the format if a tensor starts at the identity, in version 3
     * if one has a seeded start, and otherwise in version 2.
     *
     * @return the bytes of the file
     * @throws IllegalArgumentException if a value is not finite or too large for its precision, or
     *     a limit of the format is exceeded
     */
    public byte[] encode() {
        byte version = version();
        return FrqFrame.wrap(new FrqEncoder(this, version).encode(), version);
    }

    /**
     * Returns this content with the numbers that its file holds.
     *
     * @return the content of the file, with rounded numbers
     */
    public FrqDocument rounded() {
        try {
            return decode(encode());
        } catch (MalformedModelException e) {
            throw new IllegalStateException("A file was written that cannot be read", e);
        }
    }

    /**
     * Decodes a file.
     *
     * @param bytes the whole file, of version 1 to 4
     * @return its contents
     * @throws MalformedModelException if the bytes are not a valid file; the message says what was
     *     expected and what was found
     */
    public static FrqDocument decode(byte[] bytes) throws MalformedModelException {
        return FrqFrame.decode(bytes).document();
    }

    /**
     * Reads a file.
     *
     * @param file the path
     * @return its contents
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a valid file; the message starts with the path
     */
    public static FrqDocument read(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, MAX_BYTES, FrqDocument::decode);
    }

    /**
     * Reads a file from a stream, such as a resource of a jar, until the stream ends.
     *
     * @param in the stream, which is left open
     * @return its contents
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a valid file
     */
    public static FrqDocument read(InputStream in) throws IOException, MalformedModelException {
        return decode(WholeFile.read(in, MAX_BYTES));
    }

    /**
     * Reads the bytes of a file without decoding them.
     *
     * @param file the path
     * @return the bytes
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it has more than {@link #MAX_BYTES}
     */
    public static byte[] readBytes(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, MAX_BYTES);
    }

    /**
     * Writes the file atomically: to a temporary file beside it, which is flushed to disk and then
     * renamed.
     *
     * @param file the path; an existing file is replaced, missing folders are created
     * @throws IOException if it cannot be written; an existing file is then left as it was
     * @throws IllegalArgumentException as {@link #encode}
     */
    public void write(Path file) throws IOException {
        WholeFile.write(file, encode());
    }
}
