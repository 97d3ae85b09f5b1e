package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Reads files that are not too large, and writes files whole or not at all.
 *
 * <p>The methods are safe for concurrent use; of two writers of one file the last one wins, whole.
 */
public final class WholeFile {

    private WholeFile() {}

    /**
     * Reads a file.
     *
     * @param file the path
     * @param most the most bytes that it may have
     * @return its bytes
     * @throws IOException if it cannot be read, with its name
     * @throws MalformedModelException if it has more bytes; none is read then
     */
    public static byte[] read(Path file, long most) throws IOException, MalformedModelException {
        try {
            long size = Files.size(file);
            if (size > most) {
                throw new MalformedModelException(
                        file + ": expected at most " + most + " bytes but the file has " + size);
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            // That of a folder names none.
            throw new IOException(file + ": the file cannot be read: " + e, e);
        }
    }

    /**
     * Writes to a temporary file beside it, which is forced to disk and then moved in place.
     *
     * @param file the path; folders that are missing are made, and a file that is there is replaced
     * @param bytes what it is to hold
     * @throws IOException if it cannot be written, with its name; what was there before is
     *     untouched
     */
    public static void write(Path file, byte[] bytes) throws IOException {
        try {
            Path folder = file.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            // Not Files.createTempFile: its files are for the owner's eyes only.
            Path draft = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
            try {
                write(draft, ByteBuffer.wrap(bytes));
                move(draft, file);
            } finally {
                Files.deleteIfExists(draft);
            }
        } catch (IOException e) {
            // A full disk's message names no file.
            throw new IOException(file + ": the file cannot be written: " + e, e);
        }
    }

    private static void write(Path draft, ByteBuffer bytes) throws IOException {
        try (FileChannel channel =
                FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void move(Path draft, Path file) throws IOException {
        try {
            // Not all file systems replace what is there without being told.
            Files.move(
                    draft,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
