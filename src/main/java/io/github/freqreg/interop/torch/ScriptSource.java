package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The source code of a TorchScript archive: classes and functions by qualified name.
 *
 * <p>It is parsed, never run. Statements that cannot be parsed are left out.
 */
final class ScriptSource {

    private static final String ANNOTATIONS = "__annotations__";

    private final Map<String, ScriptClass> classes = new HashMap<>();
    private final Map<String, ScriptFunction> functions = new HashMap<>();

    Optional<ScriptClass> type(String name) {
        return Optional.ofNullable(classes.get(name));
    }

    Optional<ScriptFunction> function(String name) {
        return Optional.ofNullable(functions.get(name));
    }

    /**
     * Adds a file.
     *
     * @param module the qualified name of what the file defines, without the last part
     * @param source its text
     */
    void add(String module, String source) throws MalformedModelException {
        List<ScriptLine> lines = ScriptLine.split(source);
        int at = 0;
        while (at < lines.size()) {
            int end = blockEnd(lines, at);
            List<String> head = lines.get(at).tokens();
            List<ScriptLine> body = lines.subList(at + 1, end);
            if (head.size() > 2 && head.get(0).equals("class")) {
                classes.put(module + "." + head.get(1), type(head, body));
            } else if (head.size() > 2 && head.get(0).equals("def")) {
                functions.put(module + "." + head.get(1), function(head, body));
            }
            at = end;
        }
    }

    /** Returns the end of a line's block: the next line that is not further to the right. */
    private static int blockEnd(List<ScriptLine> lines, int at) {
        int end = at + 1;
        while (end < lines.size() && lines.get(end).indent() > lines.get(at).indent()) {
            end++;
        }
        return end;
    }

    private static ScriptClass type(List<String> head, List<ScriptLine> body) {
        Map<String, String> attributes = new LinkedHashMap<>();
        Set<String> parameters = new LinkedHashSet<>();
        Set<String> buffers = new LinkedHashSet<>();
        Map<String, ScriptFunction> methods = new HashMap<>();
        int at = 0;
        while (at < body.size()) {
            int end = blockEnd(body, at);
            List<String> line = body.get(at).tokens();
            switch (line.get(0)) {
                case "def" -> {
                    if (line.size() > 2) {
                        methods.put(line.get(1), function(line, body.subList(at + 1, end)));
                    }
                }
                case "__parameters__" -> parameters.addAll(strings(line));
                case "__buffers__" -> buffers.addAll(strings(line));
                case ANNOTATIONS -> declare(strings(line), line, line.indexOf("="), attributes);
                default -> {
                    if (line.size() > 2 && line.get(1).equals(":") && !line.contains("=")) {
                        declare(List.of(line.get(0)), line, 1, attributes);
                    }
                }
            }
            at = end;
        }
        boolean module = head.size() > 3 && head.get(3).equals("Module");
        return new ScriptClass(module, attributes, parameters, buffers, methods);
    }

    /** Adds an attribute whose type follows a token. */
    private static void declare(
            List<String> names, List<String> line, int before, Map<String, String> attributes) {
        String type = String.join("", line.subList(before + 1, line.size()));
        names.stream().limit(1).forEach(name -> attributes.putIfAbsent(name, type));
    }

    /** Returns the contents of the strings in a line. */
    private static List<String> strings(List<String> line) {
        return line.stream()
                .filter(token -> token.startsWith("\"") || token.startsWith("'"))
                .map(token -> token.substring(1, token.length() - 1))
                .toList();
    }

    private static ScriptFunction function(List<String> head, List<ScriptLine> body) {
        List<ScriptStatement> statements = new ArrayList<>();
        int indent = body.isEmpty() ? 0 : body.get(0).indent();
        for (ScriptLine line : body) {
            try {
                statements.add(statement(line.tokens(), line.indent() - indent));
            } catch (MalformedModelException e) {
                // Weights are not followed through it.
            }
        }
        return new ScriptFunction(parameters(head), statements);
    }

    /** Returns the names of the parameters: def, name, bracket, then a name before each comma. */
    private static List<String> parameters(List<String> head) {
        List<String> names = new ArrayList<>();
        int open = 0;
        for (int i = 2; i < head.size(); i++) {
            String token = head.get(i);
            boolean starts = open == 1 && (i == 3 || head.get(i - 1).equals(","));
            if (starts && Character.isJavaIdentifierStart(token.charAt(0))) {
                names.add(token);
            }
            open += "([{".contains(token) ? 1 : ")]}".contains(token) ? -1 : 0;
            if (open == 0) {
                break;
            }
        }
        return names;
    }

    private static ScriptStatement statement(List<String> line, int depth)
            throws MalformedModelException {
        return switch (line.get(0)) {
            case "else", "pass", "break", "continue", "del", "def" ->
                    new ScriptStatement(List.of(), List.of(), false, depth);
            case "if", "elif", "while", "with", "assert" ->
                    new ScriptStatement(List.of(), values(line, 1), false, depth);
            case "return" -> new ScriptStatement(List.of(), values(line, 1), true, depth);
            case "for" ->
                    new ScriptStatement(
                            List.of(), values(line, 1 + line.indexOf("in")), false, depth);
            default -> assignment(line, depth);
        };
    }

    private static ScriptStatement assignment(List<String> line, int depth)
            throws MalformedModelException {
        int equals = assignmentSign(line);
        List<String> left = line.subList(0, Math.max(0, equals));
        int colon = left.indexOf(":");
        List<String> names = colon < 0 ? left : left.subList(0, colon);
        // An attribute or element: only names are followed.
        boolean part = names.contains(".") || names.contains("[");
        List<String> targets =
                part ? List.of() : names.stream().filter(name -> !name.equals(",")).toList();
        return new ScriptStatement(targets, values(line, equals + 1), false, depth);
    }

    /** Returns the position of the equals sign outside brackets, or -1. */
    private static int assignmentSign(List<String> line) {
        int open = 0;
        for (int i = 0; i < line.size(); i++) {
            String token = line.get(i);
            if (open == 0 && token.equals("=")) {
                return i;
            }
            open += "([{".contains(token) ? 1 : ")]}".contains(token) ? -1 : 0;
        }
        return -1;
    }

    private static List<ScriptExpression> values(List<String> line, int from)
            throws MalformedModelException {
        boolean block = line.get(line.size() - 1).equals(":");
        return ScriptExpressionParser.parse(line.subList(from, line.size() - (block ? 1 : 0)));
    }
}
