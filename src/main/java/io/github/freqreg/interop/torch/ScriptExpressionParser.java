package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import io.github.freqreg.interop.torch.ScriptExpression.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Parses the expressions of one line of TorchScript source.
 *
 * <p>Calls, attributes and lists are exact. Operators have no precedence: weights do not flow
 * through them, since TorchScript writes arithmetic as calls.
 */
final class ScriptExpressionParser {

    private static final int MAX_DEPTH = 200;

    private static final Set<String> PREFIXES = Set.of("-", "+", "~", "not", "lambda", "await");

    private static final Set<String> OPERATORS =
            Set.of(
                    "+", "-", "*", "/", "%", "<", ">", "=", "!", "|", "&", "^", "@", ":", "if",
                    "else", "and", "or", "not", "in", "is", "for");

    private final List<String> tokens;
    private int at;
    private int depth;

    private ScriptExpressionParser(List<String> tokens) {
        this.tokens = tokens;
    }

    /** Parses expressions that commas separate. */
    static List<ScriptExpression> parse(List<String> tokens) throws MalformedModelException {
        ScriptExpressionParser parser = new ScriptExpressionParser(tokens);
        List<ScriptExpression> expressions = parser.list("");
        if (parser.at < tokens.size()) {
            throw parser.unexpected();
        }
        return expressions;
    }

    private String next() {
        return at < tokens.size() ? tokens.get(at) : "";
    }

    private boolean take(String token) {
        boolean found = next().equals(token);
        if (found) {
            at++;
        }
        return found;
    }

    private MalformedModelException unexpected() {
        return new MalformedModelException("the source has an unexpected token " + next());
    }

    /** Parses expressions up to a closing bracket, which stays, or the end. */
    private List<ScriptExpression> list(String end) throws MalformedModelException {
        List<ScriptExpression> items = new ArrayList<>();
        while (at < tokens.size() && !next().equals(end)) {
            items.add(expression());
            if (!take(",") && !next().equals(end)) {
                throw unexpected();
            }
        }
        return items;
    }

    private ScriptExpression expression() throws MalformedModelException {
        if (++depth > MAX_DEPTH) {
            throw new MalformedModelException("the source has expressions nested too deep");
        }
        ScriptExpression first = operand();
        if (first.kind() == Kind.NAME && next().equals("=")) {
            at++;
            first = new ScriptExpression(Kind.ARGUMENT, first.text(), List.of(expression()));
        }
        List<ScriptExpression> operands = new ArrayList<>(List.of(first));
        while (OPERATORS.contains(next())) {
            at++;
            boolean ends = at == tokens.size() || ")]},".contains(next());
            if (!ends && !OPERATORS.contains(next())) {
                operands.add(operand());
            }
        }
        depth--;
        return operands.size() == 1 ? first : new ScriptExpression(Kind.OTHER, "", operands);
    }

    private ScriptExpression operand() throws MalformedModelException {
        while (PREFIXES.contains(next()) || next().equals(":")) {
            at++;
        }
        ScriptExpression value = primary();
        for (int length = 0; length < MAX_DEPTH; length++) {
            if (take(".")) {
                value = new ScriptExpression(Kind.ATTRIBUTE, name(), List.of(value));
            } else if (take("(")) {
                value = with(Kind.CALL, value, ")");
            } else if (take("[")) {
                value = with(Kind.ELEMENT, value, "]");
            } else {
                return value;
            }
        }
        throw new MalformedModelException("the source has a chain that is too long");
    }

    private String name() throws MalformedModelException {
        if (at == tokens.size() || !Character.isJavaIdentifierStart(next().charAt(0))) {
            throw unexpected();
        }
        return tokens.get(at++);
    }

    private ScriptExpression with(Kind kind, ScriptExpression first, String end)
            throws MalformedModelException {
        List<ScriptExpression> parts = new ArrayList<>(List.of(first));
        parts.addAll(list(end));
        close(end);
        return new ScriptExpression(kind, "", parts);
    }

    private void close(String end) throws MalformedModelException {
        if (!take(end)) {
            throw unexpected();
        }
    }

    private ScriptExpression primary() throws MalformedModelException {
        if (take("(")) {
            List<ScriptExpression> items = list(")");
            boolean tuple = items.size() != 1 || tokens.get(at - 1).equals(",");
            close(")");
            return tuple ? new ScriptExpression(Kind.ITEMS, "", items) : items.get(0);
        }
        if (take("[")) {
            List<ScriptExpression> items = list("]");
            close("]");
            return new ScriptExpression(Kind.ITEMS, "", items);
        }
        if (take("{")) {
            List<ScriptExpression> items = list("}");
            close("}");
            return new ScriptExpression(Kind.OTHER, "", items);
        }
        char first = next().isEmpty() ? ' ' : next().charAt(0);
        if (first == '"' || first == '\'' || Character.isDigit(first)) {
            return new ScriptExpression(Kind.LITERAL, tokens.get(at++), List.of());
        }
        return new ScriptExpression(Kind.NAME, name(), List.of());
    }
}
