package io.github.freqreg.interop.torch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the skeleton of a TorchScript archive: the same network with emptied parameters, in a file
 * of a few kilobytes.
 *
 * <p>An emptied parameter keeps its name, shape, data type and ties, but all its elements are one
 * zero in memory: its strides are 0. LibTorch loads such an archive as any other. Before the
 * network is used, each parameter must be given elements of its own; writing into it as it is would
 * change all elements at once. The running statistics of normalisation become parameters, which DJL
 * shows, and are emptied, too. Other buffers and constants keep their values.
 *
 * <p>Dropped are the records that a network does not need to run: debug information, traced inputs,
 * and the byte code for mobile devices. The source files become one file, in which classes have
 * shorter names. The rest is deflated where that makes it smaller.
 */
public final class TorchScriptSkeleton {

    /** The folder of all records; the shortest that a zip archive of PyTorch can have. */
    private static final String FOLDER = "n/";

    private static final String DATA = "data/";
    private static final String BUNDLE =
            TorchScriptArchive.CODE + ScriptBundle.MODULE + TorchScriptArchive.SOURCE;
    private static final String PICKLE = ".pkl";
    private static final String CONSTANTS = "constants/";
    private static final String CONSTANT_PICKLE = "constants.pkl";

    private static final Set<String> DROPPED =
            Set.of("bytecode.pkl", "mobile_debug_handles.pkl", ".data/serialization_id");

    private final Map<PickleNode, PickleNode> replacements = new IdentityHashMap<>();
    private final Map<List<Object>, PickleNode.Persistent> zeros = new HashMap<>();
    private final Map<String, byte[]> zeroRecords = new LinkedHashMap<>();
    private final TorchRecords records;

    private TorchScriptSkeleton(TorchRecords records) {
        this.records = records;
    }

    /**
     * Writes the skeleton of an archive, with all parameters and running statistics emptied.
     *
     * @param archive the archive, as {@code torch.jit.save} writes it
     * @param out the file to write; it is replaced atomically
     * @throws IOException if a file cannot be read or written
     * @throws MalformedModelException if the archive is not valid, or its parameters are constants
     *     or quantised; the message starts with its path
     * @throws IllegalArgumentException if both files are the same
     */
    public static void write(Path archive, Path out) throws IOException, MalformedModelException {
        write(archive, Optional.empty(), out);
    }

    /**
     * Writes the skeleton of an archive, with some parameters and buffers emptied.
     *
     * @param archive the archive, as {@code torch.jit.save} writes it
     * @param names the names of the parameters and buffers to empty; tensors that are tied to them
     *     are emptied with them
     * @param out the file to write; it is replaced atomically
     * @throws IOException if a file cannot be read or written
     * @throws MalformedModelException if the archive is not valid, or its parameters are constants
     *     or quantised; the message starts with its path
     * @throws IllegalArgumentException if the archive has no parameter or buffer of a name, or both
     *     files are the same
     */
    public static void write(Path archive, Set<String> names, Path out)
            throws IOException, MalformedModelException {
        write(archive, Optional.of(Set.copyOf(names)), out);
    }

    private static void write(Path archive, Optional<Set<String>> chosen, Path out)
            throws IOException, MalformedModelException {
        checkOther(archive, out);
        WholeFile.write(
                out,
                TorchScriptArchive.open(
                        archive, records -> new TorchScriptSkeleton(records).encode(chosen)));
    }

    /** Refuses to replace the archive, whose weights would be lost. */
    private static void checkOther(Path archive, Path out) throws IOException {
        if (Files.exists(archive) && Files.exists(out) && Files.isSameFile(archive, out)) {
            throw new IllegalArgumentException(
                    "The skeleton must be written to another file than the archive but both are "
                            + out);
        }
    }

    /**
     * Returns an archive with the values of all tensors, and the running statistics among its
     * parameters.
     *
     * @param archive the archive, as {@code torch.jit.save} or {@link #write} writes it
     */
    static byte[] withValues(Path archive) throws IOException, MalformedModelException {
        return TorchScriptArchive.open(
                archive, records -> new TorchScriptSkeleton(records).encode(Optional.of(Set.of())));
    }

    private byte[] encode(Optional<Set<String>> names) throws IOException, MalformedModelException {
        PickleNode.Instance root = TorchScriptArchive.module(records);
        ModuleTensors tensors = new ModuleTensors(TorchScriptArchive.source(records), root);
        Optional<String> obstacle = TorchScriptArchive.obstacle(records, tensors);
        if (obstacle.isPresent()) {
            throw new MalformedModelException(
                    "its parameters cannot be reached: " + obstacle.get());
        }
        checkBounds(root);
        Map<String, PickleNode.Call> all = new LinkedHashMap<>(tensors.parameters());
        all.putAll(tensors.buffers());
        Set<String> chosen = names.orElseGet(() -> stored(tensors));
        empty(all, chosen);
        return write(root);
    }

    private void checkBounds(PickleNode.Instance root) throws IOException, MalformedModelException {
        new StorageBounds(records, DATA).check(values(root));
        if (records.has(CONSTANT_PICKLE)) {
            byte[] pickle = records.read(CONSTANT_PICKLE, TorchCheckpoint.MAX_BYTES);
            new StorageBounds(records, CONSTANTS).check(values(PickleTree.read(pickle)));
        }
    }

    /** Returns the tensors that a file of the network's numbers stores. */
    private static Set<String> stored(ModuleTensors tensors) {
        Set<String> names = new HashSet<>(tensors.parameters().keySet());
        names.addAll(RunningStatistics.among(tensors.buffers()));
        return names;
    }

    /**
     * Decides what is written in place of the chosen tensors and of those that are tied to them.
     */
    private void empty(Map<String, PickleNode.Call> all, Set<String> chosen)
            throws MalformedModelException {
        Map<Object, PickleNode> emptied = new HashMap<>();
        for (String name : chosen) {
            PickleNode.Call tensor = all.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException(
                        "Expected the name of a parameter or buffer but found " + name);
            }
            TensorView view = TensorView.of(name, tensor);
            boolean several = view.extents().stream().anyMatch(extent -> extent > 1);
            if (several && view.element().isPresent()) {
                emptied.putIfAbsent(view.tie(tensor), empty(tensor, view));
            }
        }
        for (Map.Entry<String, PickleNode.Call> entry : all.entrySet()) {
            TensorView view = TensorView.of(entry.getKey(), entry.getValue());
            PickleNode replacement = emptied.get(view.tie(entry.getValue()));
            if (replacement != null) {
                replacements.put(entry.getValue(), replacement);
            }
        }
    }

    /** Makes a tensor of the same shape, all of whose elements are the only one of a storage. */
    private PickleNode empty(PickleNode.Call tensor, TensorView view) {
        PickleNode.Persistent storage =
                zeros.computeIfAbsent(
                        view.kind(),
                        kind -> {
                            String key = unusedKey();
                            zeroRecords.put(
                                    DATA + key, new byte[view.element().orElseThrow().bytes()]);
                            return new PickleNode.Persistent(view.storage(key, 1));
                        });
        List<Object> arguments = new ArrayList<>(tensor.arguments);
        arguments.set(0, storage);
        arguments.set(1, 0L);
        arguments.set(3, Collections.nCopies(view.strides().size(), 0L));
        return new PickleNode.Call(tensor.function, Collections.unmodifiableList(arguments));
    }

    private String unusedKey() {
        int key = 0;
        while (records.has(DATA + key) || zeroRecords.containsKey(DATA + key)) {
            key++;
        }
        return Integer.toString(key);
    }

    private byte[] write(PickleNode.Instance root) throws IOException, MalformedModelException {
        Optional<ScriptBundle> bundle = bundle(root);
        AlignedZip zip = new AlignedZip();
        zip.add(FOLDER + TorchRecords.PICKLE, PickleEncoder.encode(root, replacements));
        zeroRecords.forEach((name, content) -> zip.addTensor(FOLDER + name, content));
        bundle.ifPresent(all -> zip.add(FOLDER + BUNDLE, code(all.source())));
        Set<String> storages = storages(root);
        long left = TorchCheckpoint.MAX_BYTES;
        for (String name : records.names()) {
            boolean data = name.startsWith(DATA);
            if (name.equals(TorchRecords.PICKLE)
                    || data && !storages.contains(name)
                    || isDropped(name)
                    || bundle.isPresent() && TorchScriptArchive.isCode(name)) {
                continue;
            }
            byte[] content = records.read(name, left);
            left -= content.length;
            if (data && zeros.isEmpty()) {
                zip.addStoredTensor(FOLDER + name, content);
            } else if (data || name.startsWith(CONSTANTS)) {
                zip.addTensor(FOLDER + name, content);
            } else if (TorchScriptArchive.isCode(name)) {
                zip.add(FOLDER + name, code(new String(content, UTF_8)));
            } else {
                zip.add(FOLDER + name, content);
            }
        }
        return zip.finish();
    }

    /** Encodes source code, in which running statistics become parameters. */
    private static byte[] code(String source) {
        return RunningStatistics.declareAsParameters(source).getBytes(UTF_8);
    }

    /**
     * Joins the source files, and decides which new names of classes are written in the pickle.
     *
     * @return the bundle; empty if names of classes are elsewhere, where they are not replaced
     */
    private Optional<ScriptBundle> bundle(PickleNode.Instance root)
            throws IOException, MalformedModelException {
        for (String name : records.names()) {
            boolean pickle = name.endsWith(PICKLE) && !name.equals(TorchRecords.PICKLE);
            if (pickle && !isDropped(name)) {
                byte[] content = records.read(name, TorchCheckpoint.MAX_BYTES);
                if (new String(content, ISO_8859_1).contains(ScriptBundle.MODULE)) {
                    return Optional.empty();
                }
            }
        }
        Optional<ScriptBundle> bundle = ScriptBundle.of(TorchScriptArchive.code(records));
        if (bundle.isEmpty()) {
            return bundle;
        }
        Map<PickleNode, PickleNode> renamed = new IdentityHashMap<>();
        for (Object value : values(root)) {
            if (value instanceof String text && text.contains(ScriptBundle.MODULE)) {
                return Optional.empty();
            }
            if (value instanceof PickleNode.Global global) {
                bundle.get()
                        .name(global.qualified())
                        .map(name -> new PickleNode.Global(ScriptBundle.MODULE + " " + name))
                        .ifPresent(other -> renamed.put(global, other));
            }
        }
        replacements.putAll(renamed);
        return bundle;
    }

    private static boolean isDropped(String name) {
        return DROPPED.contains(name)
                || name.endsWith(".debug_pkl")
                || name.startsWith("traced_inputs");
    }

    /** Returns the records of the storages that a value still needs. */
    private Set<String> storages(Object root) {
        Set<String> needed = new HashSet<>();
        for (Object value : values(root)) {
            if (value instanceof PickleNode.Persistent persistent
                    && persistent.id instanceof List<?> id
                    && id.size() > 2) {
                needed.add(DATA + id.get(2));
            }
        }
        return needed;
    }

    /**
     * Returns a value and all values in it, without those that are replaced and what is in them.
     */
    private Set<Object> values(Object root) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>(List.of(root));
        while (!open.isEmpty()) {
            Object value = open.pop();
            boolean replaced = value instanceof PickleNode && replacements.containsKey(value);
            if (!replaced && seen.add(value)) {
                open.addAll(PickleNode.parts(value));
            }
        }
        return seen;
    }
}
