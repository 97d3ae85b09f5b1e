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
