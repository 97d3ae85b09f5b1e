package io.github.freqreg.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Settings for the tensors whose names match a pattern. The first pattern that matches counts.
 *
 * @param <T> the type of a setting
 */
final class NamePatterns<T> {

    private final String kind;
    private final List<Entry<T>> entries;

    /**
     * Starts without patterns.
     *
     * @param kind what the patterns set, for messages
     */
    NamePatterns(String kind) {
        this(kind, new ArrayList<>());
    }

    private NamePatterns(String kind, List<Entry<T>> entries) {
        this.kind = kind;
        this.entries = entries;
    }

    /**
     * Adds a setting.
     *
     * @param names a regular expression, found anywhere in the name
     * @param value the setting
     */
    void add(String names, T value) {
        entries.add(new Entry<>(Pattern.compile(names), value));
    }

    /** Returns an immutable copy. */
    NamePatterns<T> copy() {
        return new NamePatterns<>(kind, List.copyOf(entries));
    }

    int size() {
        return entries.size();
    }

    /** Returns the setting of the first pattern that matches a name. */
    Optional<T> find(String name) {
        return entries.stream()
                .filter(each -> each.pattern.matcher(name).find())
                .map(Entry::value)
                .findFirst();
    }

    /**
     * Checks that every pattern matches a name.
     *
     * @param names of the tensors that a setting can be for
     * @throws IllegalArgumentException if one matches none
     */
    void checkMatches(List<String> names) {
        entries.forEach(each -> checkMatches(each.pattern, kind, names));
    }

    /**
     * Checks that a pattern matches a name.
     *
     * @param pattern the pattern
     * @param kind what it is for
     * @param names of tensors
     * @throws IllegalArgumentException if it matches none
     */
    static void checkMatches(Pattern pattern, String kind, List<String> names) {
        if (names.stream().noneMatch(name -> pattern.matcher(name).find())) {
            throw new IllegalArgumentException(
                    "The pattern \""
                            + pattern
                            + "\" of the "
                            + kind
                            + " matches none of the tensors "
                            + names);
        }
    }

    /** A pattern and its setting. */
    private record Entry<T>(Pattern pattern, T value) {}
}
