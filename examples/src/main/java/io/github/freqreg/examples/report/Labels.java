package io.github.freqreg.examples.report;

/** Makes names that come from files fit to be shown. */
final class Labels {

    private static final String CUT = "…";

    private Labels() {}

    /** A name cut in its middle, with nothing in it that cannot be seen. */
    static String shorten(String name, int most) {
        StringBuilder seen = new StringBuilder();
        name.codePoints().map(c -> isSeen(c) ? c : '\ufffd').forEach(seen::appendCodePoint);
        int length = seen.codePointCount(0, seen.length());
        if (length <= most) {
            return seen.toString();
        }
        int head = most / 3;
        int tail = most - head - 1;
        return seen.substring(0, seen.offsetByCodePoints(0, head))
                + CUT
                + seen.substring(seen.offsetByCodePoints(0, length - tail));
    }

    private static boolean isSeen(int character) {
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

    /** Turns text into HTML that shows it. */
    static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
