package io.github.freqreg.interop;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Map;
import java.util.Set;

/**
 * An in-memory file system that counts operations and fails at the n-th: opening, reading, writing,
 * flushing, closing, moving, deleting, or reading attributes. Reads and writes are short.
 */
final class FailingDisk implements AutoCloseable {

    /** The message of a failed operation. */
    static final String FAILURE = "Input/output error";

    /** The most bytes of one read or write. */
    private static final int SHORT = 300;

    private final FileSystem memory = Jimfs.newFileSystem(Configuration.unix());
    private final FileSystem system = new Disk();
    private final Provider provider = new Provider();
    private int done;
    private int failAt = Integer.MAX_VALUE;
    private boolean dead;

    /** Returns a path on the failing disk. */
    Path path(String name) {
        return outer(memory.getPath(name));
    }

    /** Returns a path to the same file that never fails. */
    Path sound(String name) {
        return memory.getPath(name);
    }

    /** Restarts the count, and fails at the n-th operation only or from it on. */
    void failAt(int operation, boolean fromThenOn) {
        done = 0;
        failAt = operation;
        dead = fromThenOn;
    }

    /** Returns whether the operation that fails was reached. */
    boolean hasFailed() {
        return done >= failAt;
    }

    @Override
    public void close() throws IOException {
        memory.close();
    }

    private void operation() throws IOException {
        done++;
        if (done == failAt || dead && done > failAt) {
            throw new IOException(FAILURE);
        }
    }

    private Path outer(Path inner) {
        if (inner == null) {
            return null;
        }
        return (Path)
                Proxy.newProxyInstance(
                        FailingDisk.class.getClassLoader(),
                        new Class<?>[] {Path.class, Inner.class},
                        (proxy, method, arguments) -> call(inner, method, arguments));
    }

    /** Gives the path in memory behind a path of this disk. */
    private interface Inner {

        Path inner();
    }

    private static Path inner(Path outer) {
        return outer instanceof Inner its ? its.inner() : outer;
    }

    private Object call(Path inner, Method method, Object[] arguments) throws Throwable {
        if (method.getDeclaringClass() == Inner.class) {
            return inner;
        }
        if (method.getName().equals("getFileSystem")) {
            return system;
        }
        Object[] its = arguments == null ? new Object[0] : arguments.clone();
        for (int i = 0; i < its.length; i++) {
            its[i] = its[i] instanceof Path path ? inner(path) : its[i];
        }
        try {
            Object result = method.invoke(inner, its);
            return result instanceof Path path ? outer(path) : result;
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** The file system, which only replaces the provider of the one in memory. */
    private final class Disk extends FileSystem {

        @Override
        public FileSystemProvider provider() {
            return provider;
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isOpen() {
            return memory.isOpen();
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public String getSeparator() {
            return memory.getSeparator();
        }

        @Override
        public Iterable<Path> getRootDirectories() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterable<FileStore> getFileStores() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Set<String> supportedFileAttributeViews() {
            return memory.supportedFileAttributeViews();
        }

        @Override
        public Path getPath(String first, String... more) {
            return outer(memory.getPath(first, more));
        }

        @Override
        public PathMatcher getPathMatcher(String syntaxAndPattern) {
            throw new UnsupportedOperationException();
        }

        @Override
        public UserPrincipalLookupService getUserPrincipalLookupService() {
            throw new UnsupportedOperationException();
        }

        @Override
        public WatchService newWatchService() {
            throw new UnsupportedOperationException();
        }
    }

    /** Counts operations and delegates them. */
    private final class Provider extends FileSystemProvider {

        private FileSystemProvider memory() {
            return memory.provider();
        }

        @Override
        public String getScheme() {
            return "failing";
        }

        @Override
        public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileSystem getFileSystem(URI uri) {
            return system;
        }

        @Override
        public Path getPath(URI uri) {
            throw new UnsupportedOperationException();
        }

        @Override
        public SeekableByteChannel newByteChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            return newFileChannel(path, options, attributes);
        }

        @Override
        public FileChannel newFileChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            operation();
            return new Channel(memory().newFileChannel(inner(path), options, attributes));
        }

        @Override
        public DirectoryStream<Path> newDirectoryStream(
                Path folder, DirectoryStream.Filter<? super Path> filter) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void createDirectory(Path folder, FileAttribute<?>... attributes)
                throws IOException {
            operation();
            memory().createDirectory(inner(folder), attributes);
        }

        @Override
        public void delete(Path path) throws IOException {
            operation();
            memory().delete(inner(path));
        }

        @Override
        public void copy(Path source, Path target, CopyOption... options) throws IOException {
            operation();
            memory().copy(inner(source), inner(target), options);
        }

        @Override
        public void move(Path source, Path target, CopyOption... options) throws IOException {
            operation();
            memory().move(inner(source), inner(target), options);
        }

        @Override
        public boolean isSameFile(Path path, Path other) throws IOException {
            operation();
            return memory().isSameFile(inner(path), inner(other));
        }

        @Override
        public boolean isHidden(Path path) throws IOException {
            operation();
            return memory().isHidden(inner(path));
        }

        @Override
        public FileStore getFileStore(Path path) throws IOException {
            operation();
            return memory().getFileStore(inner(path));
        }

        @Override
        public void checkAccess(Path path, AccessMode... modes) throws IOException {
            operation();
            memory().checkAccess(inner(path), modes);
        }

        @Override
        public <V extends FileAttributeView> V getFileAttributeView(
                Path path, Class<V> type, LinkOption... options) {
            return memory().getFileAttributeView(inner(path), type, options);
        }

        @Override
        public <A extends BasicFileAttributes> A readAttributes(
                Path path, Class<A> type, LinkOption... options) throws IOException {
            operation();
            return memory().readAttributes(inner(path), type, options);
        }

        @Override
        public Map<String, Object> readAttributes(
                Path path, String attributes, LinkOption... options) throws IOException {
            operation();
            return memory().readAttributes(inner(path), attributes, options);
        }

        @Override
        public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
                throws IOException {
            operation();
            memory().setAttribute(inner(path), attribute, value, options);
        }
    }

    /** Counts operations and shortens reads and writes. */
    private final class Channel extends FileChannel {

        private final FileChannel channel;

        Channel(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read(ByteBuffer bytes) throws IOException {
            operation();
            ByteBuffer few = few(bytes);
            int count = channel.read(few);
            bytes.position(bytes.position() + Math.max(count, 0));
            return count;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            operation();
            int count = channel.write(few(bytes));
            bytes.position(bytes.position() + count);
            return count;
        }

        private ByteBuffer few(ByteBuffer bytes) {
            return bytes.slice(bytes.position(), Math.min(bytes.remaining(), SHORT));
        }

        @Override
        public long read(ByteBuffer[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long position() throws IOException {
            return channel.position();
        }

        @Override
        public FileChannel position(long place) throws IOException {
            channel.position(place);
            return this;
        }

        @Override
        public long size() throws IOException {
            operation();
            return channel.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            operation();
            channel.truncate(size);
            return this;
        }

        @Override
        public void force(boolean metadata) throws IOException {
            operation();
            channel.force(metadata);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(ByteBuffer bytes, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer bytes, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        protected void implCloseChannel() throws IOException {
            channel.close();
            operation();
        }
    }
}
