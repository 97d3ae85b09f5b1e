package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Named arrays in the files that others read and write: {@code .safetensors}, NumPy's {@code .npz},
 * and PyTorch's state dictionaries, {@code .pt} or {@code .pth}, which are read alone. The ending
 * of the file's name, in any case of letters, tells which.
 *
 * <p>Arrays are of float16, float32, float64, uint8, int8, int32 or int64, and come back in their
 * own type, equal to the bit. The bfloat16 of safetensors is read as float32, which holds it
 * exactly; {@link TorchCheckpoint} gives float32 for all. Scalars, and extents of 0, are arrays
 * too.
 *
 * <p>A file may come from anywhere. Nothing in it is run, and no name in it is taken as a path. All
 * of it is checked before an array is made: at most 1 GiB; every size against the bytes that are
 * there; and in safetensors and npz, at most 1 GiB unpacked too, at most 65536 arrays (npz: 65534)
 * of at most 32 axes, with names of 1 to 1024 bytes of UTF-8 that are all different, a header in
 * safetensors of at most 16 MiB, and no byte outside of headers, arrays and directory. {@link
 * TorchCheckpoint} states its own limits. NaN and infinity are refused, unless they are asked for.
 *
 * <p>Nothing is written that would not be read again, and equal arrays give equal bytes. DJL writes
 * the safetensors. Its own reader is not used, as it trusts what it reads: it allocates what a
 * header asks for, takes a safetensors file whose header has 19,280 bytes for an empty zip archive,
 * and gives arrays in the order of the header, which is that of DJL's hash table. Here they are in
 * the order of their bytes, as they were written.
 *
 * <p>The methods are safe for concurrent use.
 */
public final class ArrayFile {

    /** The largest file that is read or written, and what is unpacked of one, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    private static final Map<String, NDList.Encoding> ENCODINGS =
            Map.of(
                    ".safetensors", NDList.Encoding.SAFETENSORS,
                    ".npz", NDList.Encoding.NPZ);

    private static final List<String> TORCH = List.of(".pt", ".pth");

    private ArrayFile() {}

    /**
     * Tells whether a file is one that {@link #read} reads, by its name.
     *
     * @param file the path
     * @return whether the name has one of the endings
     */
    public static boolean isReadable(Path file) {
        return isWritable(file) || TORCH.contains(ending(file));
    }

    /**
     * Tells whether a file is one that {@link #write} writes, by its name.
     *
     * @param file the path
     * @return whether the name ends with {@code .safetensors} or {@code .npz}
     */
    public static boolean isWritable(Path file) {
        return ENCODINGS.containsKey(ending(file));
    }

    private static String ending(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return name.substring(Math.max(0, name.lastIndexOf('.')));
    }

    /**
     * Writes arrays of finite values, whole or not at all.
     *
     * @param arrays with names
     * @param file the path, which tells the format; a file that is there is replaced
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalArgumentException if an array has no name or another's, a type that the format
     *     does not have, more than 32 axes, or a value that is not finite; if the arrays or their
     *     names are too large or too many to be read again, or the name of the file has another
     *     ending
     */
    public static void write(NDList arrays, Path file) throws IOException {
        write(arrays, file, false);
    }

    /**
     * Writes arrays, whole or not at all.
     *
     * @param arrays with names
     * @param file the path, which tells the format; a file that is there is replaced
     * @param nonFinite whether values may be NaN or infinite
     * @throws IOException if the file cannot be written; what was there before is untouched
     * @throws IllegalArgumentException as {@link #write(NDList, Path)}
     */
    public static void write(NDList arrays, Path file, boolean nonFinite) throws IOException {
        NDList.Encoding encoding = ENCODINGS.get(ending(file));
        if (encoding == null) {
            throw new IllegalArgumentException(
                    file + ": expected a name that ends with .safetensors or .npz");
        }
        WholeFile.write(file, encode(arrays, encoding, nonFinite));
    }

    /** The bytes of a file. */
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
                        "Expected names of all arrays, but one of "
                                + array.getShape()
                                + " has none");
            }
            if (!npz && name.equals(SafetensorsReader.METADATA)) {
                throw new IllegalArgumentException(
                        "Expected a name of an array but found "
                                + name
                                + ", which says more of the file");
            }
            if (type == DataType.BFLOAT16 || !RawArray.TYPES.contains(type)) {
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
                RawArray.checkRank(name, array.getShape().getShape());
                if (!nonFinite && type.isFloating()) {
                    ByteBuffer its = ByteBuffer.wrap(array.toByteArray());
                    new RawArray(name, type, array.getShape(), its).checkFinite();
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

    private static void checkHeader(byte[] safetensors) {
        long header = ByteBuffer.wrap(safetensors).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (header > SafetensorsReader.MAX_HEADER) {
            throw new IllegalArgumentException(
                    "Expected names and shapes in a header of at most "
                            + SafetensorsReader.MAX_HEADER
                            + " bytes but they take "
                            + header);
        }
    }

    private static void checkSize(long bytes) {
        if (bytes > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "Expected at most " + MAX_BYTES + " bytes but the arrays have " + bytes);
        }
    }

    /**
     * Reads arrays of finite values.
     *
     * @param manager the manager of the arrays
     * @param file the path, which tells the format
     * @return the arrays with their names, in the order of the file
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a whole and sound file, or a value is not
     *     finite; the message says what was found and what was expected
     * @throws IllegalArgumentException if the name of the file has another ending
     */
    public static NDList read(NDManager manager, Path file)
            throws IOException, MalformedModelException {
        return read(manager, file, false);
    }

    /**
     * Reads arrays.
     *
     * @param manager the manager of the arrays
     * @param file the path, which tells the format
     * @param nonFinite whether values may be NaN or infinite; those of PyTorch's files may not
     * @return the arrays with their names, in the order of the file
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException as {@link #read(NDManager, Path)}
     * @throws IllegalArgumentException if the name of the file has another ending
     */
    public static NDList read(NDManager manager, Path file, boolean nonFinite)
            throws IOException, MalformedModelException {
        if (TORCH.contains(ending(file))) {
            return readTorch(manager, file);
        }
        NDList.Encoding encoding = ENCODINGS.get(ending(file));
        if (encoding == null) {
            throw new IllegalArgumentException(
                    file + ": expected a name that ends with .safetensors, .npz, .pt or .pth");
        }
        List<RawArray> checked =
                WholeFile.read(file, MAX_BYTES, bytes -> decode(bytes, encoding, nonFinite));
        NDList arrays = new NDList(checked.size());
        checked.forEach(array -> arrays.add(array.toArray(manager)));
        return arrays;
    }

    /** What the bytes of a file hold, without an engine. */
    static List<RawArray> decode(byte[] file, NDList.Encoding encoding, boolean nonFinite)
            throws MalformedModelException {
        List<RawArray> arrays =
                encoding == NDList.Encoding.NPZ
                        ? NpzReader.read(file)
                        : SafetensorsReader.read(file);
        if (!nonFinite) {
            for (RawArray array : arrays) {
                array.checkFinite();
            }
        }
        return arrays;
    }

    private static NDList readTorch(NDManager manager, Path file)
            throws IOException, MalformedModelException {
        Map<String, TorchTensor> tensors = TorchCheckpoint.read(file);
        for (Map.Entry<String, TorchTensor> tensor : tensors.entrySet()) {
            if (tensor.getValue().isSparse()) {
                throw new MalformedModelException(
                        file
                                + ": expected dense arrays but "
                                + tensor.getKey()
                                + " is sparse, as coefficients are");
            }
        }
        NDList arrays = new NDList(tensors.size());
        tensors.forEach(
                (name, tensor) -> {
                    NDArray array = manager.create(tensor.values(), tensor.shape());
                    array.setName(name);
                    arrays.add(array);
                });
        return arrays;
    }
}
