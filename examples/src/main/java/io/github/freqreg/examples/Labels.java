package io.github.freqreg.examples;

/** Makes names that come from files fit to be shown. */
final class Labels {

    private static final String CUT = "…";

    private Labels() {}

    /** The end of a name, which tells its layer, with nothing in it that cannot be seen. */
    static String shorten(String name, int most) {
        StringBuilder seen = new StringBuilder();
        name.codePoints().map(c -> isSeen(c) ? c : '\ufffd').forEach(seen::appendCodePoint);
        int length = seen.codePointCount(0, seen.length());
        return length <= most
                ? seen.toString()
                : CUT + seen.substring(seen.offsetByCodePoints(0, length - most + 1));
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
