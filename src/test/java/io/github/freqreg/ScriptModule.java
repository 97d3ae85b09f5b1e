package io.github.freqreg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A module of a TorchScript archive: its class, its attributes, and its methods as source code.
 *
 * <p>Modules of the same class share its source, which the first of them defines.
 *
 * <pre>
 * ScriptModule linear =
 *         new ScriptModule("__torch__.Linear")
 *                 .parameter("weight", ScriptTensor.of(new float[] {1, 2}, 1, 2))
 *                 .method("def forward(self: __torch__.Linear, x: Tensor) -&gt; Tensor:",
 *                         "return torch.linear(x, self.weight)");
 * </pre>
 */
public final class ScriptModule {

    private final String type;
    private final List<String> parameters = new ArrayList<>();
    private final List<String> buffers = new ArrayList<>();
    private final Map<String, String> declared = new LinkedHashMap<>();
    private final Map<String, Object> attributes = new LinkedHashMap<>();
    private final StringBuilder body = new StringBuilder();
    private final Map<String, String> functions = new LinkedHashMap<>();

    /** Makes a module in inference mode. */
    public ScriptModule(String type) {
        this.type = type;
        attribute("training", "bool", false);
    }

    /** Adds a parameter. */
    public ScriptModule parameter(String name, ScriptTensor tensor) {
        parameters.add(name);
        return attribute(name, "Tensor", tensor);
    }

    /** Adds a buffer. */
    public ScriptModule buffer(String name, ScriptTensor tensor) {
        buffers.add(name);
        return attribute(name, "Tensor", tensor);
    }

    /** Adds a submodule. */
    public ScriptModule child(String name, ScriptModule module) {
        return attribute(name, module.type, module);
    }

    /**
     * Adds an attribute.
     *
     * @param name the name
     * @param declaration the type as TorchScript writes it
     * @param value a {@link ScriptTensor}, {@link ScriptModule}, {@link Boolean}, {@link Integer},
     *     {@link Double}, {@link String}, or {@link List} (a tuple) of these
     */
    public ScriptModule attribute(String name, String declaration, Object value) {
        declared.put(name, declaration);
        attributes.put(name, value);
        return this;
    }

    /** Adds a constant of the class, such as {@code stride : Final[Tuple[int, int]] = (1, 1)}. */
    public ScriptModule constant(String line) {
        body.append("  ").append(line).append('\n');
        return this;
    }

    /**
     * Adds a method.
     *
     * @param head the line that starts with {@code def}
     * @param lines the statements
     */
    public ScriptModule method(String head, String... lines) {
        body.append("  ").append(head).append('\n');
        for (String line : lines) {
            body.append("    ").append(line).append('\n');
        }
        return this;
    }

    /** Adds a method {@code forward} of one tensor {@code x}. */
    public ScriptModule forward(String... lines) {
        return method("def forward(self: " + type + ", x: Tensor) -> Tensor:", lines);
    }

    /**
     * Adds a free function that the methods call.
     *
     * @param name the qualified name, such as {@code __torch__.torch.nn.functional.relu}
     * @param lines the source, from {@code def} on
     */
    public ScriptModule function(String name, String... lines) {
        functions.put(name, String.join("\n", lines) + "\n");
        return this;
    }

    /** Returns the sources of the functions by qualified name. */
    Map<String, String> functions() {
        return functions;
    }

    /** Returns the qualified name of the class. */
    public String type() {
        return type;
    }

    /** Returns the values of the attributes by name. */
    Map<String, Object> attributes() {
        return attributes;
    }

    /** Returns the source of the class. */
    String source() {
        StringBuilder source = new StringBuilder("class ");
        source.append(type.substring(type.lastIndexOf('.') + 1)).append("(Module):\n");
        source.append("  __parameters__ = ").append(names(parameters)).append('\n');
        source.append("  __buffers__ = ").append(names(buffers)).append('\n');
        declared.forEach((name, declaration) -> source.append(declare(name, declaration)));
        return source.append(body).toString();
    }

    /** A name that is no identifier, as that of a child in a sequence, is declared by index. */
    private static String declare(String name, String declaration) {
        boolean identifier = Character.isJavaIdentifierStart(name.charAt(0));
        String key = identifier ? name : "__annotations__[\"" + name + "\"]";
        return "  " + key + (identifier ? " : " : " = ") + declaration + '\n';
    }

    private static String names(List<String> names) {
        StringBuilder list = new StringBuilder("[");
        names.forEach(name -> list.append('"').append(name).append("\", "));
        return list.append(']').toString();
    }
}
