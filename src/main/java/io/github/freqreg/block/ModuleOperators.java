package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.SymbolBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Internal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Operators of PyTorch that DJL does not offer, on the tensors of a TorchScript network.
 *
 * <p>They run in a TorchScript network of a few lines, which this class writes and loads. So no
 * native code is added, and a tensor on any device is reached.
 */
@Internal
public final class ModuleOperators {

    private static final String FOLDER = "operators/";

    private static final String HEAD =
            """
            class Operator(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Operator,
                target: Tensor,
                sources: List[Tensor]) -> Tensor:
            """;

    /** Detaches the target from its graph and copies the source into it, inside the source's. */
    private static final SymbolBlock ASSIGN =
            operator(
                    """
                        _0 = torch.detach_(target)
                        return torch.copy_(target, sources[0])
                    """);

    /** Gives the target memory of its own, if its elements share memory. */
    private static final SymbolBlock ALLOCATE =
            operator(
                    """
                        _0 = torch.detach_(target)
                        _1 = torch.set_data(target, torch.contiguous(target))
                        return target
                    """);

    /** Returns the index of the first source that is the target's memory, or the sources' count. */
    private static final SymbolBlock FIND =
            operator(
                    """
                        found = torch.len(sources)
                        for i in range(torch.len(sources)):
                          if torch.is_set_to(sources[i], target):
                            found0 = ops.prim.min(found, i)
                          else:
                            found0 = found
                          found = found0
                        return torch.full([1], found, dtype=4)
                    """);

    /** Returns the distance in memory of neighbours along the first axis. */
    private static final SymbolBlock STRIDE =
            operator(
                    """
                        return torch.full([1], torch.stride(target, 0), dtype=4)
                    """);

    /** Counts the changes of the target. */
    private static final SymbolBlock VERSION_OF =
            operator(
                    """
                        return torch.full([1], torch._version(target), dtype=4)
                    """);

    /** A pickled object of the class Operator, whose only attribute is {@code training}. */
    private static final String OBJECT =
            "\u0080\u0002c__torch__\nOperator\n)\u0081}X\u0008\0\0\0training\u0089sb.";

    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private ModuleOperators() {}

    /**
     * Copies values into a tensor of a module. The tensor leaves the gradient graph that it was in
     * and enters that of the values, if these are in one.
     *
     * @param target the tensor
     * @param source the values, of the same shape
     */
    static void assign(NDArray target, NDArray source) {
        run(ASSIGN, target, List.of(source)).close();
    }

    /**
     * Gives a tensor of a module whose elements share memory, as those of a skeleton do, memory of
     * its own. Its values are kept.
     *
     * @param target the tensor
     */
    public static void allocate(NDArray target) {
        try (NDArray unused = target.stopGradient()) {
            run(ALLOCATE, target, List.of(unused)).close();
        }
    }

    /**
     * Returns which of some tensors shares the memory of another one.
     *
     * @param tensor of the module
     * @param others of the module
     * @return the index of the first of the others that shares its memory, or their number
     */
    static int find(NDArray tensor, List<NDArray> others) {
        try (NDList found = run(FIND, tensor, others)) {
            return (int) found.singletonOrThrow().toLongArray()[0];
        }
    }

    /**
     * Returns a number that grows with each change in place of a tensor.
     *
     * @param tensor any tensor
     * @return PyTorch's version counter
     */
    static long version(NDArray tensor) {
        return number(VERSION_OF, tensor);
    }

    /**
     * Returns whether all elements of a tensor are one number in memory, as those of a skeleton's
     * tensors are.
     *
     * @param tensor of a module
     * @return whether it must not be written to before {@link #allocate}
     */
    static boolean isEmptied(NDArray tensor) {
        return tensor.getShape().dimension() > 0
                && tensor.getShape().size() > 1
                && number(STRIDE, tensor) == 0;
    }

    private static long number(SymbolBlock operator, NDArray tensor) {
        try (NDArray unused = tensor.stopGradient();
                NDList number = run(operator, tensor, List.of(unused))) {
            return number.singletonOrThrow().toLongArray()[0];
        }
    }

    private static NDList run(SymbolBlock operator, NDArray target, List<NDArray> sources) {
        NDList arrays = new NDList(sources);
        arrays.add(0, target);
        List<String> names = arrays.stream().map(NDArray::getName).toList();
        try (NDManager scratch = target.getManager().newSubManager(target.getDevice())) {
            target.setName("target");
            // By this name, DJL makes a list of them.
            sources.forEach(each -> each.setName("sources[]"));
            // Only in training mode does the engine record a graph.
            return operator.forward(new ParameterStore(scratch, false), arrays, true);
        } finally {
            for (int i = 0; i < names.size(); i++) {
                arrays.get(i).setName(names.get(i));
            }
        }
    }

    private static SymbolBlock operator(String body) {
        try {
            // Lives as long as the process.
            return ScriptModules.load(NDManager.newBaseManager("PyTorch"), archive(body));
        } catch (IOException | MalformedModelException e) {
            throw new IllegalStateException("The engine cannot load a TorchScript operator", e);
        }
    }

    private static byte[] archive(String body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "data.pkl", OBJECT);
            put(zip, "code/__torch__.py", HEAD + body);
            put(zip, "constants.pkl", NO_CONSTANTS);
            put(zip, "version", "3\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, String content) throws IOException {
        zip.putNextEntry(new ZipEntry(FOLDER + name));
        zip.write(content.getBytes(StandardCharsets.ISO_8859_1));
        zip.closeEntry();
    }
}
