package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.torch.TorchCheckpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Reads and writes named arrays in the formats of other programs: {@code .safetensors}, NumPy's
 * {@code .npz}, and PyTorch checkpoints ({@code .pt}, {@code .pth} and {@code .bin}, only read).
 * Also read are NumPy's {@code .npy}, one array that gets the name of the file, and safetensors of
 * several files, by their index ({@code .safetensors.index.json}) or the folder that has it. The
 * extension of the file name, in upper or lower case, selects the format.
 *
 * <p>Arrays of float16, float32, float64, uint8, int8, int32 and int64 keep their type and every
 * bit. Other types are only read: booleans, and those that become a wider type without a change of
 * a value. int16 and uint16 become int32; uint32, and uint64 below 2⁶³, become int64; bfloat16 and
 * the two types of float8, which only safetensors has, become float32. npy arrays may be in
 * column-major order and big-endian. Of a checkpoint, the part that is the network is read, as
 * float32; {@link TorchCheckpoint} says which part that is, and reads others. Tied arrays of a
 * checkpoint, and those that {@code safetensors.torch.save_model} lists in the metadata, appear
 * under each of their names and share their memory. Scalars and empty arrays are supported.
 *
 * <p>Files are untrusted: nothing in them is run, no name is used as a path, and everything is
 * validated before an array is created. A file has at most 1 GiB and every size must match the
 * bytes in it. For safetensors and npz there are further limits: 1 GiB uncompressed, 65536 arrays
 * (npz: 65534) of rank 32, unique names of 1 to 1024 bytes of UTF-8, 16 MiB for the header of
 * safetensors, and no bytes outside headers, arrays and directory. Safetensors of several files
 * have at most 1024 files and 16 GiB in all. {@link TorchCheckpoint} has its own limits. NaN and
 * infinity are rejected unless the caller allows them.
 *
 * <p>What is written can be read again, and equal arrays give equal bytes. DJL writes the
 * safetensors, but its reader is not used because it trusts its input: it allocates what a header
 * demands, and takes a safetensors file with a header of 19,280 bytes for an empty zip archive. DJL
 * also returns arrays in the order of the header, that of a hash table; here they keep the order in
 * which they were written.
 *
 * <p>The methods are safe for concurrent use.
 */
public final class ArrayFile {

    /** The largest file, and the largest uncompressed size of its arrays, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    private static final Map<String, NDList.Encoding> ENCODINGS =
            Map.of(
                    ".safetensors", NDList.Encoding.SAFETENSORS,
                    ".npz", NDList.Encoding.NPZ);

    private static final Map<DataType, ElementType> WRITTEN =
            Map.of(
                    DataType.FLOAT16, ElementType.FLOAT16,
                    DataType.FLOAT32, ElementType.FLOAT32,
                    DataType.FLOAT64, ElementType.FLOAT64,
                    DataType.UINT8, ElementType.UINT8,
                    DataType.INT8, ElementType.INT8,
                    DataType.INT32, ElementType.INT32,
                    DataType.INT64, ElementType.INT64);

    private ArrayFile() {}

    /**
     * Returns whether {@link #read} supports the format of a file.
     *
     * @param file the path
     * @return whether the name has one of the extensions, or the path is a folder
     */
    public static boolean isReadable(Path file) {
        return isSingle(file) || ShardedArrays.isReadable(file);
    }

    /** Returns whether the extension is that of a format of one file. */
    private static boolean isSingle(Path file) {
        return isWritable(file)
                || extension(file).equals(NpzReader.SUFFIX)
                || TorchCheckpoint.isReadable(file);
    }

    /**
     * Returns whether {@link #write} supports the format of a file.
     *
     * @param file the path
     * @return whether the name ends with {@code .safetensors} or {@code .npz}
     */
    public static boolean isWritable(Path file) {
        return ENCODINGS.containsKey(extension(file));
    }

    /**
     * Returns the size of a file, or of an index and all its files.
     *
     * @param file the path, of any file
     * @return the bytes
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the path is of an index that is not valid
     */
    public static long size(Path file) throws IOException, MalformedModelException {
        boolean single = isSingle(file) || !ShardedArrays.isReadable(file);
        return single ? Files.size(file) : ShardedArrays.size(file);
    }

    private static String extension(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return name.substring(Math.max(0, name.lastIndexOf('.')));
    }

    /**
     * Writes arrays of finite values, atomically.
     *
     * @param arrays the arrays, with unique names
     * @param file the path, whose extension selects the format; an existing file is replaced
     * @throws IOException if the file cannot be written; an existing file is then left as it was
     * @throws IllegalArgumentException if an array has no name or that of another, an unsupported
     *     type, a rank above 32 or a value that is not finite; if the arrays exceed the limits of
     *     this class; or if the extension is not supported
     */
    public static void write(NDList arrays, Path file) throws IOException {
        write(arrays, file, false);
    }

    /**
     * Writes arrays, atomically.
     *
     * @param arrays the arrays, with unique names
     * @param file the path, whose extension selects the format; an existing file is replaced
     * @param nonFinite whether to allow NaN and infinity
     * @throws IOException if the file cannot be written; an existing file is then left as it was
     * @throws IllegalArgumentException as {@link #write(NDList, Path)}
     */
    public static void write(NDList arrays, Path file, boolean nonFinite) throws IOException {
        NDList.Encoding encoding = ENCODINGS.get(extension(file));
        if (encoding == null) {
            throw new IllegalArgumentException(
                    file + ": expected a name that ends with .safetensors or .npz");
        }
        WholeFile.write(file, encode(arrays, encoding, nonFinite));
    }

    /** Encodes a file. */
    static byte[] encode(NDList arrays, NDList.Encoding encoding, boolean nonFinite) {
        boolean npz = encoding == NDList.Encoding.NPZ;
        if (npz && arrays.size() > NpzWriter.MAX_ARRAYS) {
            throw new IllegalArgumentException(
                    "Expected at most "
                            + NpzWriter.MAX_ARRAYS
                            + " arrays in files of NPZ but found "
                            + arrays.size());
        }
        Set<String> names = new HashSet<>();
        long bytes = 0;
        for (NDArray array : arrays) {
            String name = array.getName();
            DataType type = array.getDataType();
            if (name == null) {
                throw new IllegalArgumentException(
                        "Expected names of all arrays, but one of shape "
                                + array.getShape()
                                + " has none");
            }
            if (!npz && name.equals(SafetensorsReader.METADATA)) {
                throw new IllegalArgumentException(
                        "Expected a name of an array but found "
                                + name
                                + ", which safetensors reserves");
            }
            ElementType element = WRITTEN.get(type);
            if (element == null) {
                throw new IllegalArgumentException(
                        "Expected float16, float32, float64, uint8, int8, int32 or int64 in files of "
                                + encoding
                                + " but "
                                + name
                                + " is "
                                + type);
            }
            bytes += array.size() * type.getNumOfBytes() + (npz ? NpzWriter.head(array).length : 0);
            checkSize(bytes);
            try {
                RawArray.checkName(name, names);
                RawArray.checkShape(name, array.getShape().getShape());
                if (!nonFinite && type.isFloating()) {
                    ByteBuffer values = ByteBuffer.wrap(array.toByteArray());
                    new RawArray(name, element, array.getShape(), values).checkFinite();
                }
            } catch (MalformedModelException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
        }
        byte[] file = npz ? NpzWriter.write(arrays) : arrays.encode(encoding);
        checkSize(file.length);
        if (!npz) {
            checkHeader(file);
        }
        return file;
    }

    static void checkHeader(byte[] safetensors) {
        long header = ByteBuffer.wrap(safetensors).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (header > SafetensorsReader.MAX_HEADER) {
            throw new IllegalArgumentException(
                    "Expected names and shapes that fit a header of at most "
                            + SafetensorsReader.MAX_HEADER
                            + " bytes but they take "
                            + header);
        }
    }

    static void checkSize(long bytes) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "Expected at most " + MAX_BYTES + " bytes but the arrays have " + bytes);
        }
    }

    /**
     * Reads arrays of finite values.
     *
     * @param manager the manager of the arrays
     * @param file the path, whose extension selects the format
     * @return the arrays with their names, in the order of the file
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is not valid or a value is not finite; the
     *     message starts with the path and says what was expected and what was found
     * @throws IllegalArgumentException if the extension is not supported
     */
    public static NDList read(NDManager manager, Path file)
            throws IOException, MalformedModelException {
        return read(manager, file, false);
    }

    /**
     * Reads arrays.
     *
     * @param manager the manager of the arrays
     * @param file the path, whose extension selects the format; a folder has safetensors
     * @param nonFinite whether to allow NaN and infinity, except in PyTorch checkpoints
     * @return the arrays with their names, in the order of the file
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException as {@link #read(NDManager, Path)}
     * @throws IllegalArgumentException if the extension is not supported
     */
    public static NDList read(NDManager manager, Path file, boolean nonFinite)
            throws IOException, MalformedModelException {
        if (TorchCheckpoint.isReadable(file)) {
            return readTorch(manager, file);
        }
        if (!isSingle(file) && ShardedArrays.isReadable(file)) {
            return ShardedArrays.read(manager, file, nonFinite);
        }
        List<RawArray> checked = WholeFile.read(file, MAX_BYTES, parser(file, nonFinite));
        NDList arrays = new NDList(checked.size());
        try {
            Map<ByteBuffer, NDArray> created = new IdentityHashMap<>();
            for (RawArray array : checked) {
                NDArray first = created.get(array.bytes());
                NDArray next =
                        first == null ? array.toArray(manager) : first.reshape(array.shape());
                next.setName(array.name());
                created.putIfAbsent(array.bytes(), next);
                arrays.add(next);
            }
        } catch (OutOfMemoryError e) {
            arrays.close();
            throw WholeFile.unreadable(file, e);
        }
        return arrays;
    }

    private static WholeFile.Parser<List<RawArray>> parser(Path file, boolean nonFinite) {
        NDList.Encoding encoding = ENCODINGS.get(extension(file));
        if (encoding != null) {
            return bytes -> decode(bytes, encoding, nonFinite);
        }
        if (!extension(file).equals(NpzReader.SUFFIX)) {
            throw new IllegalArgumentException(
                    file
                            + ": expected a name that ends with .safetensors, .npz, .npy, .pt, .pth,"
                            + " .bin or .safetensors.index.json");
        }
        String name = String.valueOf(file.getFileName());
        String array = name.substring(0, name.length() - NpzReader.SUFFIX.length());
        return bytes -> {
            RawArray.checkName(array, new HashSet<>());
            return checked(List.of(NpyReader.read(array, ByteBuffer.wrap(bytes))), nonFinite);
        };
    }

    /** Decodes and validates a file, without an engine. */
    static List<RawArray> decode(byte[] file, NDList.Encoding encoding, boolean nonFinite)
            throws MalformedModelException {
        List<RawArray> arrays =
                encoding == NDList.Encoding.NPZ
                        ? NpzReader.read(file)
                        : SafetensorsReader.readTied(file);
        return checked(arrays, nonFinite);
    }

    static List<RawArray> checked(List<RawArray> arrays, boolean nonFinite)
            throws MalformedModelException {
        Set<ByteBuffer> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (RawArray array : arrays) {
            if (!seen.add(array.bytes())) {
                continue;
            }
            array.checkValues();
            if (!nonFinite) {
                array.checkFinite();
            }
        }
        return arrays;
    }

    private static NDList readTorch(NDManager manager, Path file)
            throws IOException, MalformedModelException {
        TorchCheckpoint checkpoint = TorchCheckpoint.read(file);
        try {
            return checkpoint.toArrays(manager);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }
}
