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
 * Reads files that are not too large, and writes files whole or not at all.
 *
 * <p>The methods are safe for concurrent use; of two writers of one file the last one wins, whole.
 */
public final class WholeFile {

    /** About as many elements as an array can have. */
    private static final int ARRAY = Integer.MAX_VALUE - 8;

    private WholeFile() {}

    /**
     * Reads a file.
     *
     * @param file the path
     * @param most the most bytes that it may have
     * @return its bytes
     * @throws NoSuchFileException if there is none
     * @throws IOException if it cannot be read, with its name
     * @throws MalformedModelException if it has more bytes, whatever its system says of its size
     */
    public static byte[] read(Path file, long most) throws IOException, MalformedModelException {
        try (InputStream in = Files.newInputStream(file)) {
            long size = Files.size(file);
            if (size > most) {
                throw new MalformedModelException(tooLarge(most, String.valueOf(size)));
            }
            // What is no plain file, or grows, has more than its size says.
            return read(in, most);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        } catch (IOException | OutOfMemoryError e) {
            throw unreadable(file, e);
        }
    }

    /** All bytes of a stream, which is not closed. */
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

    /** What is thrown where a file cannot be read: one message, with the file's name. */
    static IOException unreadable(Path file, Throwable e) {
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

    /** Makes something of the bytes of a file. */
    @FunctionalInterface
    interface Parser<T> {

        T parse(byte[] bytes) throws MalformedModelException;
    }

    /**
     * Reads a file and makes something of it. Messages begin with the file's name, and a file for
     * which the heap is too small is one that cannot be read.
     */
    static <T> T read(Path file, long most, Parser<T> parser)
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
            if (!Files.isDirectory(folder)) {
                // On a disk that fails, it would call a folder that is there one in the way.
                Files.createDirectories(folder);
            }
            // Not Files.createTempFile: its files are for the owner's eyes only.
            Path draft = folder.resolve(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
            try {
                write(draft, ByteBuffer.wrap(bytes));
                move(draft, file);
            } catch (IOException | RuntimeException | Error e) {
                // The first failure is the one to tell.
                delete(draft, e);
                throw e;
            }
        } catch (IOException e) {
            throw new IOException(file + ": the file cannot be written: " + reason(e), e);
        }
    }

    /**
     * Tries to write a file, and leaves nothing.
     *
     * @param file the path; folders that are missing are made
     * @throws IOException if it cannot be written, with its name
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

    private static void delete(Path draft, Throwable first) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }

    /** A full disk's message names no file, and a file system's is the path alone. */
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
        return e instanceof FileSystemException ? e.toString() : e.getMessage();
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
