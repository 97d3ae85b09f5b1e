package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The content of a {@code .frq} file and the bytes that each entry takes in it, from one decoding.
 *
 * @param document the content
 * @param entryBytes the bytes of each entry, with its name and shape if the file has them; the
 *     header and the checksum make up the difference to the size of the file
 * @param fileBytes the size of the file
 */
public record SizedDocument(FrqDocument document, long[] entryBytes, long fileBytes) {

    /**
     * Decodes the bytes of a file.
     *
     * @param bytes the whole file, of any version
     * @return its content and sizes
     * @throws MalformedModelException if the bytes are not a valid file
     */
    public static SizedDocument decode(byte[] bytes) throws MalformedModelException {
        FrqFrame.Decoded decoded = FrqFrame.decode(bytes);
        List<Integer> ends = decoded.ends();
        long[] sizes = new long[ends.size() - 1];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = (long) ends.get(i + 1) - ends.get(i);
        }
        return new SizedDocument(decoded.document(), sizes, bytes.length);
    }

    /**
     * Reads a file.
     *
     * @param file the path
     * @return its content and sizes
     * @throws IOException if it cannot be read
     * @throws MalformedModelException if it is not a valid file; the message starts with the path
     */
    public static SizedDocument read(Path file) throws IOException, MalformedModelException {
        return WholeFile.read(file, FrqDocument.MAX_BYTES, SizedDocument::decode);
    }

    /**
     * Adds the names and shapes of a network, see {@link FrqDocument#withNames}.
     *
     * @param network the names and shapes of the network's parameters, in its order
     * @return the content with names and shapes, and the same sizes
     * @throws MalformedModelException if the file belongs to another network
     */
    public SizedDocument withNames(Map<String, Shape> network) throws MalformedModelException {
        return new SizedDocument(document.withNames(network), entryBytes, fileBytes);
    }
}
