package io.github.freqreg.interop.torch;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The source files of a TorchScript archive as one file, whose classes and functions have short
 * names.
 *
 * <p>A traced network has a class, and with it a file, for each of its layers. They resemble each
 * other, so one file deflates far better than many.
 */
final class ScriptBundle {

    /** The qualified name of what the file defines, without the last part. */
    static final String MODULE = "__torch__";

    private static final Pattern DEFINITION =
            Pattern.compile("^(class|def) (\\w+)(?=\\W)", Pattern.MULTILINE);

    /** A line that starts neither a definition nor, with blanks, continues one. */
    private static final Pattern OTHER =
            Pattern.compile("^(?!class \\w|def \\w|[ \\n])", Pattern.MULTILINE);

    /** A string, or a qualified name. */
    private static final Pattern NAME =
            Pattern.compile(
                    "\"(?:\\\\.|[^\"\\\\])*+\"|'(?:\\\\.|[^'\\\\])*+'|\\b__torch__(?:\\.\\w+)++",
                    Pattern.DOTALL);

    private final Map<String, String> names;
    private final String source;

    private ScriptBundle(Map<String, String> names, String source) {
        this.names = names;
        this.source = source;
    }

    /**
     * Joins files.
     *
     * @param files the texts by the qualified name of what they define, without the last part
     * @return the bundle; empty if a file has statements outside of classes and functions
     */
    static Optional<ScriptBundle> of(Map<String, String> files) {
        Map<String, String> names = new LinkedHashMap<>();
        Set<String> taken = new HashSet<>(Set.of("torch"));
        Map<String, Integer> numbers = new HashMap<>();
        for (Map.Entry<String, String> file : files.entrySet()) {
            String text = file.getValue();
            if (!text.isEmpty() && OTHER.matcher(text).find()) {
                return Optional.empty();
            }
            Matcher definition = DEFINITION.matcher(text);
            while (definition.find()) {
                String name = definition.group(2);
                String free = name;
                while (!taken.add(free)) {
                    free = name + "_" + numbers.merge(name, 1, Integer::sum);
                }
                names.put(file.getKey() + "." + name, free);
            }
        }
        StringBuilder source = new StringBuilder();
        files.forEach((module, text) -> source.append(renamed(module, text, names)));
        return Optional.of(new ScriptBundle(names, source.toString()));
    }

    private static String renamed(String module, String text, Map<String, String> names) {
        String defined =
                DEFINITION
                        .matcher(text)
                        .replaceAll(
                                match ->
                                        Matcher.quoteReplacement(
                                                match.group(1)
                                                        + " "
                                                        + names.get(
                                                                module + "." + match.group(2))));
        return NAME.matcher(defined)
                .replaceAll(match -> Matcher.quoteReplacement(renamed(match.group(), names)));
    }

    /** Replaces the longest start of a dotted name that is the name of a definition. */
    private static String renamed(String name, Map<String, String> names) {
        for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
            String free = names.get(name.substring(0, end));
            if (free != null) {
                return MODULE + "." + free + name.substring(end);
            }
        }
        return name;
    }

    /** Returns the text of the file. */
    String source() {
        return source;
    }

    /** Returns the new name of a class by its qualified name, if it has one. */
    Optional<String> name(String qualified) {
        return Optional.ofNullable(names.get(qualified));
    }
}
