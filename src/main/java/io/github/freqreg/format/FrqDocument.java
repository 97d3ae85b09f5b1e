package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * What a {@code .frq} file holds: the shapes of the network's inputs, and its tensors in order.
 *
 * <p>The bytes are specified in the package's description. A value class, safe for concurrent use.
 *
 * @param inputs the shapes of the network's inputs, an extent of -1 for one that is not fixed
 * @param tensors every parameter of the network, in its order
 */
public record FrqDocument(List<Shape> inputs, List<FrqTensor> tensors) {

    /** The largest file that is read or written, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    /**
     * Copies the lists and checks that no name appears twice.
     *
     * @param inputs the shapes of the network's inputs
     * @param tensors every parameter of the network
     * @throws IllegalArgumentException if two tensors have one name
     */
    public FrqDocument {
        inputs = List.copyOf(inputs);
        tensors = List.copyOf(tensors);
        Set<String> names = new HashSet<>();
        for (FrqTensor tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("Two tensors are named " + tensor.name());
            }
        }
    }

    /**
     * Returns the bytes of the file.
     *
     * @return the whole file
     * @throws IllegalArgumentException if a value is not finite, a rank is above 32, a name cannot
     *     be UTF-8, or the file would be too large
     */
    public byte[] encode() {
        FrqEncoder encoder = new FrqEncoder();
        encoder.inputs(inputs);
        encoder.count(tensors.size());
        tensors.forEach(encoder::tensor);
        return encoder.finish();
    }

    /**
     * Returns how many bytes of the file a tensor takes, its name and shape included.
     *
     * @param tensor a tensor
     * @return the bytes on disk
     */
    public static long encodedBytes(FrqTensor tensor) {
        FrqEncoder encoder = new FrqEncoder();
        encoder.tensor(tensor);
        return encoder.size();
    }

    /**
     * Reads the bytes of a file.
     *
     * @param bytes the whole file
     * @return its content
     * @throws MalformedModelException if the bytes are not a whole and sound file of version 1; the
     *     message says what was found and what was expected
     */
    public static FrqDocument decode(byte[] bytes) throws MalformedModelException {
        FrqDecoder decoder = new FrqDecoder(bytes);
        List<Shape> inputs = decoder.inputs();
        List<FrqTensor> tensors = decoder.tensors();
        decoder.expectEnd();
        return new FrqDocument(inputs, tensors);
    }

    /**
     * Reads a file.
     *
     * @param file the path
     * @return its content
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a whole and sound file of version 1
     */
    public static FrqDocument read(Path file) throws IOException, MalformedModelException {
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() > MAX_BYTES) {
                throw new MalformedModelException(
                        file
                                + ": expected at most "
                                + MAX_BYTES
                                + " bytes but the file has "
                                + channel.size());
            }
        }
        try {
            return decode(Files.readAllBytes(file));
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
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
        byte[] bytes = encode();
        Path folder = file.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        // Not Files.createTempFile: its files are for the owner's eyes only.
        Path temporary = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            try {
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
