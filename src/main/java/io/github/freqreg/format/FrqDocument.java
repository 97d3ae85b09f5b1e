package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
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
import java.util.zip.CRC32C;

/**
 * What a {@code .frq} file holds: the shapes of the network's inputs, and its tensors in order.
 *
 * <p>A file need not hold names and shapes, since the network that it is loaded into has them. It
 * then has their {@link #fingerprint} in their place, which is compared with the network's.
 *
 * <p>The bytes are specified in the package's description. A value class, safe for concurrent use.
 *
 * @param inputs the shapes of the network's inputs, an extent of -1 for one that is not fixed
 * @param tensors every parameter of the network, in its order; all with names and shapes, or none
 * @param fingerprint of the names and shapes: the CRC-32C of, for each tensor, its name in UTF-8, a
 *     zero byte, its rank as a byte, and its extents as little-endian numbers of eight bytes
 */
public record FrqDocument(List<Shape> inputs, List<FrqTensor> tensors, int fingerprint) {

    /** The largest file that is read or written, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    static final byte[] MAGIC = {'F', 'R', 'Q'};
    static final byte VERSION = 2;

    /**
     * Copies the lists and checks names and fingerprint.
     *
     * @param inputs the shapes of the network's inputs
     * @param tensors every parameter of the network
     * @param fingerprint of the names and shapes
     * @throws IllegalArgumentException if two tensors have one name, only some have one, or they
     *     have another fingerprint
     */
    public FrqDocument {
        inputs = List.copyOf(inputs);
        tensors = List.copyOf(tensors);
        boolean named = tensors.stream().anyMatch(tensor -> tensor.name() != null);
        if (named && fingerprint != fingerprintOf(tensors)) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "Expected the fingerprint %08x of the names and shapes but found %08x",
                            fingerprintOf(tensors),
                            fingerprint));
        }
    }

    /**
     * Makes the content of a file with names.
     *
     * @param inputs the shapes of the network's inputs
     * @param tensors every parameter of the network, with names and shapes
     * @throws IllegalArgumentException if two tensors have one name, or one has none
     */
    public FrqDocument(List<Shape> inputs, List<FrqTensor> tensors) {
        this(inputs, tensors, fingerprintOf(tensors));
    }

    private static int fingerprintOf(List<FrqTensor> tensors) {
        Map<String, Shape> names = new LinkedHashMap<>();
        for (FrqTensor tensor : tensors) {
            if (tensor.name() == null || names.put(tensor.name(), tensor.shape()) != null) {
                throw new IllegalArgumentException(
                        tensor.name() == null
                                ? "Expected names of all tensors"
                                : "Two tensors are named " + tensor.name());
            }
        }
        return fingerprintOf(names);
    }

    private static int fingerprintOf(Map<String, Shape> names) {
        CRC32C crc = new CRC32C();
        names.forEach(
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
     * Returns whether the tensors have names and shapes.
     *
     * @return false if the file leaves them to the network
     */
    public boolean isNamed() {
        return tensors.stream().allMatch(tensor -> tensor.name() != null);
    }

    /**
     * Leaves names and shapes to the network.
     *
     * @return the same content, for a smaller file
     */
    public FrqDocument withoutNames() {
        List<FrqTensor> bare =
                tensors.stream()
                        .map(t -> new FrqTensor(null, null, t.axes(), t.precision(), t.values()))
                        .toList();
        return new FrqDocument(inputs, bare, fingerprint);
    }

    /**
     * Gives a file without names those of a network.
     *
     * @param network the names and shapes of the network's parameters, in its order
     * @return the same content with names and shapes; of one that has them, itself
     * @throws MalformedModelException if the file is of another network
     */
    public FrqDocument withNames(Map<String, Shape> network) throws MalformedModelException {
        if (isNamed()) {
            return this;
        }
        int expected = fingerprintOf(network);
        if (fingerprint != expected || tensors.size() != network.size()) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "expected %d tensors with the fingerprint %08x, as the network has, but"
                                    + " found %d with %08x: it is of another network, or of one"
                                    + " built with other options",
                            network.size(),
                            expected,
                            tensors.size(),
                            fingerprint));
        }
        List<FrqTensor> named = new ArrayList<>();
        for (Map.Entry<String, Shape> its : network.entrySet()) {
            FrqTensor tensor = tensors.get(named.size());
            try {
                named.add(
                        new FrqTensor(
                                its.getKey(),
                                its.getValue(),
                                tensor.axes(),
                                tensor.precision(),
                                tensor.values()));
            } catch (IllegalArgumentException e) {
                throw new MalformedModelException(e.getMessage(), e);
            }
        }
        return new FrqDocument(inputs, named, fingerprint);
    }

    /**
     * Returns how many numbers are stored.
     *
     * @return the kept coefficients and the elements of all other tensors
     */
    public long numbers() {
        return tensors.stream().mapToLong(tensor -> tensor.values().length).sum();
    }

    /**
     * Returns the bytes of the file, in the newest version of the format.
     *
     * @return the whole file
     * @throws IllegalArgumentException if a value is not finite, a rank is above 32, a name cannot
     *     be UTF-8 or is too long, or the file would be too large
     */
    public byte[] encode() {
        byte[] content = new Version2Encoder(this).encode();
        int end = MAGIC.length + 1 + content.length;
        ByteBuffer file =
                ByteBuffer.allocate(end + Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(MAGIC)
                        .put(VERSION)
                        .put(content);
        return file.putInt(FrqDecoder.checksum(file.array(), end)).array();
    }

    /**
     * Reads the bytes of a file.
     *
     * @param bytes the whole file, of version 1 or 2
     * @return its content
     * @throws MalformedModelException if the bytes are not a whole and sound file; the message says
     *     what was found and what was expected
     */
    public static FrqDocument decode(byte[] bytes) throws MalformedModelException {
        return FrqDecoder.of(bytes).decode();
    }

    /**
     * Measures how many bytes of a file each tensor takes, its name and shape included.
     *
     * @param bytes the whole file
     * @return the bytes of each tensor; head, checksum and rounding take what is missing to the
     *     size of the file
     * @throws MalformedModelException if the bytes are not a whole and sound file
     */
    public static long[] tensorBytes(byte[] bytes) throws MalformedModelException {
        return SizedDocument.decode(bytes).tensorBytes();
    }

    /**
     * Reads a file.
     *
     * @param file the path
     * @return its content
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a whole and sound file
     */
    public static FrqDocument read(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, MAX_BYTES, FrqDocument::decode);
    }

    /**
     * Reads a file from a stream, such as a resource of a jar, up to the stream's end.
     *
     * @param in the stream, which is not closed
     * @return its content
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a whole and sound file, with the message of
     *     {@link #decode}
     */
    public static FrqDocument read(InputStream in) throws IOException, MalformedModelException {
        return decode(WholeFile.read(in, MAX_BYTES));
    }

    /**
     * Reads the bytes of a file, if it is not larger than any such file.
     *
     * @param file the path
     * @return its bytes, not checked yet
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it has more than {@link #MAX_BYTES}
     */
    public static byte[] readBytes(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, MAX_BYTES);
    }

    /**
     * Writes the file, whole or not at all: to a temporary file beside it, which is forced to disk
     * and then moved in place.
     *
     * @param file the path; a file that is there is replaced
     * @throws IOException if it cannot be written; what was there before is untouched
     * @throws IllegalArgumentException if a value is not finite, or the file would be too large
     */
    public void write(Path file) throws IOException {
        WholeFile.write(file, encode());
    }
}
