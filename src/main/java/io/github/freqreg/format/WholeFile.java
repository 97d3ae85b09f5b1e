package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Reads files that are not too large, and writes files whole or not at all. */
final class WholeFile {

    private WholeFile() {}

    /** The bytes of a file, if there are at most so many. */
    static byte[] read(Path file, long most) throws IOException, MalformedModelException {
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() > most) {
                throw new MalformedModelException(
                        file
                                + ": expected at most "
                                + most
                                + " bytes but the file has "
                                + channel.size());
            }
        }
        return Files.readAllBytes(file);
    }

    /**
     * Writes to a temporary file beside it, which is forced to disk and then moved in place; what
     * was there before is untouched if this fails.
     */
    static void write(Path file, byte[] bytes) throws IOException {
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
