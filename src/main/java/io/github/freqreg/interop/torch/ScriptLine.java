package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.ArrayList;
import java.util.List;

/**
 * A logical line of TorchScript source: one that continues while a bracket is open.
 *
 * @param indent the number of blanks before it
 * @param tokens names, numbers, strings with their quotes, and operators
 */
record ScriptLine(int indent, List<String> tokens) {

    private static final String OPENING = "([{";
    private static final String CLOSING = ")]}";

    /** Splits source into lines. */
    static List<ScriptLine> split(String source) throws MalformedModelException {
        List<ScriptLine> lines = new ArrayList<>();
        int at = 0;
        while (at < source.length()) {
            int start = at;
            while (at < source.length() && source.charAt(at) == ' ') {
                at++;
            }
            List<String> tokens = new ArrayList<>();
            int indent = at - start;
            int open = 0;
            while (at < source.length() && (open > 0 || source.charAt(at) != '\n')) {
                int end = tokenEnd(source, at);
                char first = source.charAt(at);
                if (first == '#') {
                    end = lineEnd(source, at);
                } else if (!Character.isWhitespace(first)) {
                    tokens.add(source.substring(at, end));
                    open += OPENING.indexOf(first) >= 0 ? 1 : CLOSING.indexOf(first) >= 0 ? -1 : 0;
                }
                at = end;
            }
            at++;
            if (!tokens.isEmpty()) {
                lines.add(new ScriptLine(indent, tokens));
            }
        }
        return lines;
    }

    private static int lineEnd(String source, int at) {
        int end = source.indexOf('\n', at);
        return end < 0 ? source.length() : end;
    }

    private static int tokenEnd(String source, int at) throws MalformedModelException {
        char first = source.charAt(at);
        if (first == '"' || first == '\'') {
            return stringEnd(source, at);
        }
        int end = at + 1;
        boolean number = Character.isDigit(first);
        if (number || Character.isJavaIdentifierStart(first)) {
            while (end < source.length() && continues(source, end, number)) {
                end++;
            }
        }
        return end;
    }

    /** A number has digits, a point, and an exponent with a sign. */
    private static boolean continues(String source, int at, boolean number) {
        char next = source.charAt(at);
        boolean sign = next == '-' || next == '+';
        return Character.isJavaIdentifierPart(next)
                || number && (next == '.' || sign && source.charAt(at - 1) == 'e');
    }

    private static int stringEnd(String source, int at) throws MalformedModelException {
        char quote = source.charAt(at);
        for (int end = at + 1; end < source.length(); end++) {
            char next = source.charAt(end);
            if (next == quote) {
                return end + 1;
            }
            if (next == '\\') {
                end++;
            }
        }
        throw new MalformedModelException("the source has a string without an end");
    }
}
