package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.format.WholeFile;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.ZipException;

/**
 * A TorchScript archive, as {@code torch.jit.save} writes it: which parameters its network has, and
 * which operators take them.
 *
 * <p>The archive is a zip file of a pickle, source code, and one record for each storage. Neither
 * the pickle nor the code is run: both are parsed. The weights are not read.
 *
 * <p>The class is immutable.
 */
public final class TorchScriptArchive {

    static final String CODE = "code/";
    static final String SOURCE = ".py";

    /** Tensors of quantised types, and classes of weights packed for one kind of processor. */
    private static final Pattern PACKED =
            Pattern.compile(
                    "_rebuild_qtensor"
                            + "|__torch__\\.torch\\.classes\\.(quantized|sparse|xnnpack|mkldnn|vulkan)");

    private static final int MAX_PICKLE_BYTES = 1 << 24;
    private static final int MAX_CODE_BYTES = 1 << 23;

    private final List<TorchScriptParameter> parameters;
    private final List<TorchScriptParameter> buffers;
    private final Optional<String> obstacle;
    private final boolean skeleton;

    private TorchScriptArchive(
            List<TorchScriptParameter> parameters,
            List<TorchScriptParameter> buffers,
            Optional<String> obstacle,
            boolean skeleton) {
        this.parameters = parameters;
        this.buffers = buffers;
        this.obstacle = obstacle;
        this.skeleton = skeleton;
    }

    /**
     * Reads an archive.
     *
     * @param file the path, usually {@code .pt}
     * @return its parameters and buffers
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if it is not a valid TorchScript archive; the message starts
     *     with the path and says what was expected and what was found
     */
    public static TorchScriptArchive read(Path file) throws IOException, MalformedModelException {
        return open(file, TorchScriptArchive::read);
    }

    /**
     * Reads the archive of a network that DJL has loaded.
     *
     * <p>DJL writes it to a temporary file for that, with its weights.
     *
     * @param network a {@code PtSymbolBlock}
     * @return its parameters and buffers
     * @throws IOException if the temporary file cannot be written
     * @throws MalformedModelException if the archive cannot be understood
     */
    public static TorchScriptArchive of(Block network) throws IOException, MalformedModelException {
        Path file = Files.createTempFile("network", ".pt");
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file));
                    DataOutputStream archive = new DataOutputStream(new Headless(out))) {
                network.saveParameters(archive);
            }
            return read(file);
        } finally {
            Files.delete(file);
        }
    }

    /** Drops the version and the length that DJL writes before an archive. */
    private static final class Headless extends FilterOutputStream {

        private int head = Byte.BYTES + Long.BYTES;

        Headless(OutputStream out) {
            super(out);
        }

        /** {@inheritDoc} */
        @Override
        public void write(int b) throws IOException {
            if (head > 0) {
                head--;
            } else {
                out.write(b);
            }
        }

        /** {@inheritDoc} */
        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int dropped = Math.min(head, length);
            head -= dropped;
            out.write(bytes, offset + dropped, length - dropped);
        }
    }

    /** Uses the records of an archive. */
    @FunctionalInterface
    interface Use<T> {

        /** Returns what is made of the records. */
        T apply(TorchRecords records) throws IOException, MalformedModelException;
    }

    /** Opens an archive, uses it and closes it; messages start with the path. */
    static <T> T open(Path file, Use<T> use) throws IOException, MalformedModelException {
        if (file.getFileSystem() == FileSystems.getDefault()) {
            return open(file.toFile(), file, use);
        }
        // ZipFile only reads files of the default file system.
        Path copy = Files.createTempFile("archive", ".pt");
        try {
            Files.write(copy, WholeFile.read(file, TorchCheckpoint.MAX_BYTES));
            return open(copy.toFile(), file, use);
        } finally {
            Files.delete(copy);
        }
    }

    private static <T> T open(File archive, Path name, Use<T> use)
            throws IOException, MalformedModelException {
        try (TorchRecords records = new TorchRecords(archive)) {
            return use.apply(records);
        } catch (ZipException | EOFException e) {
            throw new MalformedModelException(
                    name + ": expected a zip archive written by torch.jit.save: " + e.getMessage(),
                    e);
        } catch (MalformedModelException e) {
            throw new MalformedModelException(name + ": " + e.getMessage(), e);
        } catch (IOException | OutOfMemoryError e) {
            throw WholeFile.unreadable(name, e);
        }
    }

    private static TorchScriptArchive read(TorchRecords records)
            throws IOException, MalformedModelException {
        PickleNode.Instance root = module(records);
        ScriptSource source = source(records);
        ModuleTensors tensors = new ModuleTensors(source, root);
        Map<String, TorchScriptOperator> operators = OperatorSearch.find(source, tensors, root);
        Optional<String> obstacle = obstacle(records, tensors);
        return new TorchScriptArchive(
                describe(tensors.parameters(), operators),
                describe(tensors.buffers(), Map.of()),
                obstacle,
                isSkeleton(tensors.parameters()));
    }

    /** Reads the pickle of the module. */
    static PickleNode.Instance module(TorchRecords records)
            throws IOException, MalformedModelException {
        if (records.names().stream().noneMatch(name -> name.startsWith(CODE))) {
            throw new MalformedModelException(
                    "expected a TorchScript archive, which torch.jit.save writes, but it has no"
                            + " source code, like a checkpoint of torch.save");
        }
        Object value = PickleTree.read(records.read(TorchRecords.PICKLE, MAX_PICKLE_BYTES));
        if (value instanceof PickleNode.Instance module) {
            return module;
        }
        throw new MalformedModelException("expected the pickle to hold a module");
    }

    /** Parses the source code. */
    static ScriptSource source(TorchRecords records) throws IOException, MalformedModelException {
        ScriptSource source = new ScriptSource();
        for (Map.Entry<String, String> file : code(records).entrySet()) {
            source.add(file.getKey(), file.getValue());
        }
        return source;
    }

    /** Reads the source files, by the qualified name of what they define without the last part. */
    static Map<String, String> code(TorchRecords records)
            throws IOException, MalformedModelException {
        Map<String, String> files = new LinkedHashMap<>();
        long left = MAX_CODE_BYTES;
        for (String name : records.names()) {
            if (isCode(name)) {
                byte[] text = records.read(name, left);
                left -= text.length;
                String module = name.substring(CODE.length(), name.length() - SOURCE.length());
                files.put(module.replace('/', '.'), new String(text, StandardCharsets.UTF_8));
            }
        }
        return files;
    }

    /** Returns whether a record is a source file. */
    static boolean isCode(String record) {
        return record.startsWith(CODE) && record.endsWith(SOURCE);
    }

    private static List<TorchScriptParameter> describe(
            Map<String, PickleNode.Call> tensors, Map<String, TorchScriptOperator> operators)
            throws MalformedModelException {
        List<TorchScriptParameter> described = new ArrayList<>();
        Map<Object, String> firstNames = new HashMap<>();
        for (Map.Entry<String, PickleNode.Call> entry : tensors.entrySet()) {
            String name = entry.getKey();
            TensorView view = TensorView.of(name, entry.getValue());
            Optional<String> tiedTo =
                    Optional.ofNullable(firstNames.putIfAbsent(view.tie(entry.getValue()), name));
            // A traced network uses a tied tensor by its first name only.
            Optional<TorchScriptOperator> operator =
                    Optional.ofNullable(operators.get(name)).or(() -> tiedTo.map(operators::get));
            long[] extents = view.extents().stream().mapToLong(Long::longValue).toArray();
            described.add(
                    new TorchScriptParameter(
                            name, new Shape(extents), dataType(view), tiedTo, operator));
        }
        return List.copyOf(described);
    }

    /** Returns whether every tensor of several elements has one element in memory. */
    private static boolean isSkeleton(Map<String, PickleNode.Call> tensors)
            throws MalformedModelException {
        boolean emptied = false;
        for (Map.Entry<String, PickleNode.Call> entry : tensors.entrySet()) {
            TensorView view = TensorView.of(entry.getKey(), entry.getValue());
            if (view.extents().stream().anyMatch(extent -> extent > 1)) {
                if (view.strides().stream().anyMatch(stride -> stride != 0)) {
                    return false;
                }
                emptied = true;
            }
        }
        return emptied;
    }

    private static DataType dataType(TensorView view) {
        Optional<String> name =
                view.element()
                        .map(element -> element == TorchElement.BOOL ? "BOOLEAN" : element.name());
        return Arrays.stream(DataType.values())
                .filter(type -> name.isPresent() && type.name().equals(name.get()))
                .findFirst()
                .orElse(DataType.UNKNOWN);
    }

    /** Returns why the parameters cannot be compressed, see {@link #obstacle()}. */
    static Optional<String> obstacle(TorchRecords records, ModuleTensors tensors)
            throws IOException, MalformedModelException {
        String pickle =
                new String(
                        records.read(TorchRecords.PICKLE, MAX_PICKLE_BYTES),
                        StandardCharsets.ISO_8859_1);
        if (PACKED.matcher(pickle).find()) {
            return Optional.of(
                    "its weights are quantised or packed for one kind of processor; save the network"
                            + " before torch.ao.quantization or optimize_for_mobile converts it");
        }
        if (!tensors.parameters().isEmpty()) {
            return Optional.empty();
        }
        boolean constants =
                records.names().stream().anyMatch(name -> name.startsWith("constants/"));
        return Optional.of(
                constants
                        ? "it has no parameters: its weights are constants of the code, as after"
                                + " torch.jit.freeze or torch.jit.optimize_for_inference; save the"
                                + " network before that"
                        : "it has no parameters");
    }

    /**
     * Returns the parameters, in the order in which DJL shows them.
     *
     * @return one element for each name; a tensor of several names occurs several times
     */
    public List<TorchScriptParameter> parameters() {
        return parameters;
    }

    /**
     * Returns the buffers, such as the running statistics of batch normalisation.
     *
     * @return one element for each name, none with an operator
     */
    public List<TorchScriptParameter> buffers() {
        return buffers;
    }

    /**
     * Returns why the parameters cannot be trained or compressed.
     *
     * @return the reason and what to do, without the path; empty if there is none
     */
    public Optional<String> obstacle() {
        return obstacle;
    }

    /**
     * Returns whether this is a skeleton: no parameter has values of its own.
     *
     * @return whether {@link TorchScriptSkeleton} wrote the archive
     */
    public boolean isSkeleton() {
        return skeleton;
    }
}
