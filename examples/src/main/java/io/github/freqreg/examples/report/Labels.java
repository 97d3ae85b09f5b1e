package io.github.freqreg.examples.report;

/** Prepares names from untrusted files for display. */
final class Labels {

    private static final String CUT = "…";

    private Labels() {}

    /** Shortens a name in its middle, and replaces characters that are not visible. */
    static String shorten(String name, int most) {
        StringBuilder visible = new StringBuilder();
        name.codePoints().map(c -> isVisible(c) ? c : '\ufffd').forEach(visible::appendCodePoint);
        int length = visible.codePointCount(0, visible.length());
        if (length <= most) {
            return visible.toString();
        }
        int head = most / 3;
        int tail = most - head - 1;
        return visible.substring(0, visible.offsetByCodePoints(0, head))
                + CUT
                + visible.substring(visible.offsetByCodePoints(0, length - tail));
    }

    private static boolean isVisible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED ->
                    false;
            default -> true;
        };
    }

    /** Escapes text for HTML. */
    static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
