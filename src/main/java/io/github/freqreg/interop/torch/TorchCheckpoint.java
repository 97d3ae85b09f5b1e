package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.freqreg.format.WholeFile;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipException;

/**
 * The weights of a network in a PyTorch checkpoint, a file written by {@code torch.save}.
 *
 * <p>The file is a zip archive of a pickle, which describes the tensors, and one entry for each
 * storage. A pickle can request that arbitrary code be run; this reader runs none. It implements
 * the few names that a dictionary of tensors needs (see {@code TorchPickle}) and keeps nothing of
 * other objects but the name of their class. Allocations are bounded by the size of the file.
 *
 * <h2>Which part is read</h2>
 *
 * <p>A checkpoint is the state dictionary of a network, or has it as a part, as in {@code {"epoch":
 * 5, "state_dict": {…}, "optimizer": {…}}}. A part has a path, its keys joined by dots. The parts
 * that can be the network are dictionaries by name that have floating point tensors, and no other
 * values, at any depth, except below the state of an optimiser. If there are several, the path with
 * the best first key is read, in this order: {@code state_dict}, {@code model}, {@code module},
 * {@code net}, {@code network}, {@code generator}, {@code params}, each also with {@code _state} or
 * {@code _state_dict} behind it ({@code model_state_dict}). If none has such a key, the file is
 * rejected with a list of the parts. {@link #read(Path, String)} reads a part of the caller's
 * choice; {@link #getOtherParts()} lists those that were not read.
 *
 * <p>The prefixes {@code module.} (of {@code DataParallel}) and {@code _orig_mod.} (of {@code
 * torch.compile}) are removed if all names have them; {@link #getPrefix()} returns what was
 * removed. A module's {@code _extra_state} is skipped.
 *
 * <h2>Which tensors are read</h2>
 *
 * <p>Dense and sparse COO tensors of float64, float32, float16, bfloat16, bool, signed integers and
 * unsigned ones of up to 32 bits are read as float32. A float64 is rounded to the nearest float32;
 * an integer without an exact float32 is rejected. Tensors of complex numbers, of FP8, and
 * quantised ones are rejected by name. Names of the same elements of a storage are {@linkplain
 * #getTies() tied} and share one {@link TorchTensor}.
 *
 * <p>Files of PyTorch before version 1.6, which are not zip archives, are rejected. Instances are
 * immutable but for the values of the tensors.
 */
public final class TorchCheckpoint {

    /** The largest file that is read, in bytes. */
    public static final long MAX_BYTES = 1L << 30;

    private static final List<String> EXTENSIONS = List.of(".pt", ".pth", ".bin");
    private static final List<String> PREFIXES = List.of("module.", "_orig_mod.");
    private static final int MAX_PREFIXES = 2;
    private static final int MAX_TOLD = 8;
    private static final int MAX_NAME = 1 << 10;

    private final NetworkPart part;
    private final String prefix;
    private final Map<String, TorchTensor> tensors;

    private TorchCheckpoint(NetworkPart part, String prefix, Map<String, TorchTensor> tensors) {
        this.part = part;
        this.prefix = prefix;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * Returns whether a file has the name of a checkpoint.
     *
     * @param file the path
     * @return whether the name ends with {@code .pt}, {@code .pth} or {@code .bin}, in upper or
     *     lower case
     */
    public static boolean isReadable(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(name::endsWith);
    }

    /**
     * Reads the network of a checkpoint.
     *
     * @param file the path, usually {@code .pt}, {@code .pth} or {@code .bin}
     * @return the network's tensors
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a valid checkpoint, or it is not clear which
     *     part is the network; the message starts with the path and says what was expected and what
     *     was found
     */
    public static TorchCheckpoint read(Path file) throws IOException, MalformedModelException {
        return read(file, Optional.empty());
    }

    /**
     * Reads a part of a checkpoint.
     *
     * @param file the path, usually {@code .pt}, {@code .pth} or {@code .bin}
     * @param part the path of the part in the file, such as {@code ema} or {@code state.model}
     * @return the part's tensors
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a valid checkpoint or does not have the part;
     *     the message starts with the path of the file
     */
    public static TorchCheckpoint read(Path file, String part)
            throws IOException, MalformedModelException {
        return read(file, Optional.of(part));
    }

    private static TorchCheckpoint read(Path file, Optional<String> part)
            throws IOException, MalformedModelException {
        if (file.getFileSystem() == FileSystems.getDefault()) {
            return read(file.toFile(), file, part);
        }
        // ZipFile only reads files of the default file system.
        byte[] bytes = WholeFile.read(file, MAX_BYTES);
        Path copy = Files.createTempFile("checkpoint", ".pt");
        try {
            Files.write(copy, bytes);
            return read(copy.toFile(), file, part);
        } finally {
            Files.delete(copy);
        }
    }

    private static TorchCheckpoint read(File archive, Path name, Optional<String> part)
            throws IOException, MalformedModelException {
        try {
            long size = Files.size(archive.toPath());
            if (size > MAX_BYTES) {
                throw new MalformedModelException(
                        "expected at most " + MAX_BYTES + " bytes but the file has " + size);
            }
            try (TorchArchive opened = new TorchArchive(archive)) {
                StorageReader storages = new StorageReader(opened::storage, opened.byteOrder());
                return of(opened.pickle(), part, storages);
            }
        } catch (ZipException | EOFException e) {
            throw new MalformedModelException(
                    name + ": expected a zip archive written by torch.save: " + e.getMessage(), e);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(name + ": " + e.getMessage(), e);
        } catch (IOException | OutOfMemoryError e) {
            throw WholeFile.unreadable(name, e);
        }
    }

    /** Reads the network, or a part with a path, of a pickle. */
    static TorchCheckpoint of(byte[] pickle, Optional<String> path, StorageReader storages)
            throws IOException, MalformedModelException {
        Object root = new TorchPickle(pickle).read();
        NetworkPart part =
                path.isPresent() ? NetworkPart.named(root, path.get()) : NetworkPart.find(root);
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        String prefix = prefix(part.content().keySet());
        for (Map.Entry<?, ?> entry : part.content().entrySet()) {
            String name = (String) entry.getKey();
            if (name.length() > MAX_NAME) {
                throw new MalformedModelException(
                        "expected names of at most "
                                + MAX_NAME
                                + " characters but found "
                                + PickledValues.line(name));
            }
            tensors.put(name.substring(prefix.length()), tensor(name, entry.getValue(), storages));
        }
        return new TorchCheckpoint(part, prefix, tensors);
    }

    private static TorchTensor tensor(String name, Object value, StorageReader storages)
            throws IOException, MalformedModelException {
        if (value instanceof StridedView dense) {
            return storages.dense(name, dense);
        }
        if (value instanceof SparseView sparse) {
            return storages.sparse(name, sparse);
        }
        throw NetworkPart.noTensor(name, value);
    }

    /** Returns the longest chain of known prefixes that all names have, and something behind it. */
    private static String prefix(Collection<?> names) {
        String prefix = "";
        for (int i = 0; i < MAX_PREFIXES && !names.isEmpty(); i++) {
            for (String next : PREFIXES) {
                String start = prefix + next;
                if (names.stream().allMatch(name -> isBehind(start, (String) name))) {
                    prefix = start;
                }
            }
        }
        return prefix;
    }

    private static boolean isBehind(String start, String name) {
        return name.startsWith(start) && name.length() > start.length();
    }

    /**
     * Returns the tensors by name, without the prefix, in the order of the file.
     *
     * @return an unmodifiable map
     */
    public Map<String, TorchTensor> getTensors() {
        return tensors;
    }

    /**
     * Returns the path of the part that was read.
     *
     * @return the keys, joined by dots; empty if the whole file is the network
     */
    public String getPart() {
        return part.path();
    }

    /**
     * Returns the prefix that was removed from all names.
     *
     * @return such as {@code module.} or {@code module._orig_mod.}; empty if there was none
     */
    public String getPrefix() {
        return prefix;
    }

    /**
     * Returns the paths of the parts that can be a network too, but were not read.
     *
     * @return the paths in the order of the file
     */
    public List<String> getOtherParts() {
        return part.others();
    }

    /**
     * Returns the names that are tied: they stand for the same elements of one storage.
     *
     * @return a list of two or more names for each tensor that has several
     */
    public List<List<String>> getTies() {
        Map<TorchTensor, List<String>> names = new IdentityHashMap<>();
        List<List<String>> ties = new ArrayList<>();
        tensors.forEach(
                (name, tensor) -> {
                    List<String> same = names.computeIfAbsent(tensor, its -> new ArrayList<>());
                    same.add(name);
                    if (same.size() == 2) {
                        ties.add(same);
                    }
                });
        return ties.stream().map(List::copyOf).toList();
    }

    /**
     * Returns the number of elements, zeros of sparse tensors included, with tied tensors counted
     * once.
     *
     * @return the number
     */
    public long countElements() {
        Set<TorchTensor> once = Collections.newSetFromMap(new IdentityHashMap<>());
        once.addAll(tensors.values());
        return once.stream().mapToLong(tensor -> tensor.shape().size()).sum();
    }

    /**
     * Creates float32 arrays of the tensors. Those of tied names share their memory.
     *
     * @param manager the manager of the arrays
     * @return the arrays with their names, in the order of the file
     * @throws MalformedModelException if a tensor is sparse
     */
    public NDList toArrays(NDManager manager) throws MalformedModelException {
        for (Map.Entry<String, TorchTensor> tensor : tensors.entrySet()) {
            if (tensor.getValue().isSparse()) {
                throw new MalformedModelException(
                        "expected dense arrays but "
                                + tensor.getKey()
                                + " is sparse; TorchCheckpoint reads sparse coefficients");
            }
        }
        Map<TorchTensor, NDArray> created = new IdentityHashMap<>();
        NDList arrays = new NDList(tensors.size());
        tensors.forEach(
                (name, tensor) -> {
                    NDArray first = created.get(tensor);
                    NDArray array =
                            first == null
                                    ? manager.create(tensor.values(), tensor.shape())
                                    : first.reshape(tensor.shape());
                    created.putIfAbsent(tensor, array);
                    array.setName(name);
                    arrays.add(array);
                });
        return arrays;
    }

    /**
     * Describes which part was read, what was removed from its names, which names are tied and
     * which other parts there are.
     *
     * @return one line, empty if the whole file was read as it is
     */
    public String describe() {
        List<String> told = new ArrayList<>();
        if (!getPart().isEmpty()) {
            told.add("read the part " + PickledValues.line(getPart()));
        }
        if (!prefix.isEmpty()) {
            told.add("removed the prefix " + prefix + " from all names");
        }
        List<List<String>> ties = getTies();
        ties.stream().limit(MAX_TOLD).forEach(names -> told.add("tied " + line(names)));
        if (ties.size() > MAX_TOLD) {
            told.add(ties.size() - MAX_TOLD + " more ties");
        }
        if (!getOtherParts().isEmpty()) {
            told.add("did not read " + line(getOtherParts()));
        }
        return String.join("; ", told);
    }

    /** Lists the first names. */
    private static String line(List<String> names) {
        int more = names.size() - MAX_TOLD;
        return names.stream()
                        .limit(MAX_TOLD)
                        .map(PickledValues::line)
                        .collect(Collectors.joining(", "))
                + (more > 0 ? " and " + more + " more" : "");
    }
}
