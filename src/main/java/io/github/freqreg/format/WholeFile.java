package io.github.freqreg.format;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Reads files up to a size limit and writes files atomically, with one-line messages that name the
 * file.
 *
 * <p>The methods are safe for concurrent use. If two threads write the same file, it ends up as one
 * of them wrote it.
 */
public final class WholeFile {

    /** About the largest length of a Java array. */
    private static final int ARRAY = Integer.MAX_VALUE - 8;

    private WholeFile() {}

    /**
     * Reads a file.
     *
     * @param file the path
     * @param most the largest number of bytes it may have
     * @return its bytes
     * @throws NoSuchFileException if the file does not exist
     * @throws IOException if it cannot be read; the message starts with the path
     * @throws MalformedModelException if it is larger, whatever size the file system reports
     */
    public static byte[] read(Path file, long most) throws IOException, MalformedModelException {
        try (InputStream in = Files.newInputStream(file)) {
            long size = Files.size(file);
            if (size > most) {
                throw new MalformedModelException(tooLarge(most, String.valueOf(size)));
            }
            // A pipe, or a file that grows, has more bytes than its size.
            return read(in, most);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        } catch (IOException | OutOfMemoryError e) {
            throw unreadable(file, e);
        }
    }

    /** Reads a stream to its end and leaves it open. */
    static byte[] read(InputStream in, long most) throws IOException, MalformedModelException {
        byte[] bytes = in.readNBytes((int) Math.min(most + 1, ARRAY));
        if (bytes.length > most) {
            throw new MalformedModelException(tooLarge(most, "more"));
        }
        return bytes;
    }

    private static String tooLarge(long most, String size) {
        return "expected at most " + most + " bytes but the file has " + size;
    }

    /**
     * Makes the exception for a file that cannot be read.
     *
     * @param file the path
     * @param e the failure: an {@link IOException}, or an {@link OutOfMemoryError} if the heap is
     *     too small for the file
     * @return an exception whose message starts with the path
     */
    public static IOException unreadable(Path file, Throwable e) {
        if (e instanceof NoSuchFileException missing) {
            return missing;
        }
        String reason =
                e instanceof IOException failure
                        ? reason(failure)
                        : "it needs more memory than the "
                                + Runtime.getRuntime().maxMemory()
                                + " bytes of the Java heap (-Xmx)";
        return new IOException(file + ": the file cannot be read: " + reason, e);
    }

    /**
     * Decodes the bytes of a file.
     *
     * @param <T> the type of the result
     */
    @FunctionalInterface
    public interface Parser<T> {

        /**
         * Decodes the bytes of a file.
         *
         * @param bytes the whole file
         * @return its contents
         * @throws MalformedModelException if the bytes are not valid
         */
        T parse(byte[] bytes) throws MalformedModelException;
    }

    /**
     * Reads and decodes a file.
     *
     * @param <T> the type of the result
     * @param file the path
     * @param most the largest number of bytes it may have
     * @param parser decodes the bytes
     * @return what the parser returns
     * @throws IOException if the file cannot be read, or the heap is too small to decode it
     * @throws MalformedModelException if it is too large or the parser rejects it; the message
     *     starts with the path
     */
    public static <T> T read(Path file, long most, Parser<T> parser)
            throws IOException, MalformedModelException {
        byte[] bytes = read(file, most);
        try {
            return parser.parse(bytes);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw unreadable(file, e);
        }
    }

    /**
     * Writes a file atomically: to a temporary file beside it, which is flushed to disk and then
     * renamed.
     *
     * @param file the path; an existing file is replaced, missing folders are created
     * @param bytes its new content
     * @throws IOException if it cannot be written; the message starts with the path, and an
     *     existing file is left as it was
     */
    public static void write(Path file, byte[] bytes) throws IOException {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder == null) {
                throw new IOException("it is a folder");
            }
            if (!Files.isDirectory(folder)) {
                // Unconditionally, it would report an existing folder on a failing disk as a file
                // in the way.
                Files.createDirectories(folder);
            }
            // Not Files.createTempFile, which makes files that only their owner can read.
            Path draft = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
            try {
                write(draft, ByteBuffer.wrap(bytes));
                move(draft, file);
            } catch (IOException | RuntimeException | Error e) {
                delete(draft, e);
                throw e;
            }
        } catch (IOException e) {
            throw new IOException(file + ": the file cannot be written: " + reason(e), e);
        }
    }

    /**
     * Checks that a file can be written by writing and deleting a temporary file beside it.
     *
     * @param file the path; missing folders are created
     * @throws IOException if it cannot be written; the message starts with the path
     */
    public static void checkWritable(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": the file cannot be written: it is a folder");
        }
        Path trial = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            write(trial, new byte[1]);
            Files.delete(trial);
        } catch (IOException e) {
            delete(trial, e);
            IOException first = e.getCause() instanceof IOException cause ? cause : e;
            throw new IOException(file + ": the file cannot be written: " + reason(first), e);
        }
    }

    /** Deletes a draft after a failure, which stays the one that is thrown. */
    private static void delete(Path draft, Throwable first) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }

    /** Returns the cause in words: the message of a file system exception is often only a path. */
    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
            return e.getMessage() + " is in the way";
        }
        if (e instanceof FileSystemException system && system.getReason() != null) {
            return system.getReason();
        }
        String message = e.getMessage();
        return message == null || e instanceof FileSystemException ? e.toString() : message;
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
            // Some file systems replace an existing file only on request.
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
