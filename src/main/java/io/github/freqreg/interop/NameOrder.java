package io.github.freqreg.interop;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The order of layers in a network, as far as their names tell.
 *
 * <p>Files of safetensors are sorted by name: {@code layer.10} stands before {@code layer.2}, and
 * {@code layernorm_after} before {@code layernorm_before}. Numbers, and the words of {@link
 * #ORDER}, restore the order of the network.
 */
final class NameOrder {

    /** Words of layer names, in the order in which networks have such layers. */
    private static final List<List<String>> ORDER =
            List.of(
                    List.of("embeddings", "embedding", "embed", "stem", "patch", "pre"),
                    List.of("conv", "bn"),
                    List.of("encoder", "layer", "layers", "blocks", "features", "resblocks", "h"),
                    List.of("query", "q"),
                    List.of("key", "k"),
                    List.of("value", "v"),
                    List.of("attention", "attn", "self", "sa"),
                    List.of("intermediate", "mlp", "ffn"),
                    List.of("output", "out"),
                    List.of("before"),
                    List.of("after"),
                    List.of("downsample", "shortcut"),
                    List.of("decoder"),
                    List.of("norm", "layernorm", "ln", "final", "post"),
                    List.of("pooler"),
                    List.of("classifier", "head", "heads", "fc", "score"));

    private static final Map<String, Integer> RANKS = ranks();

    /** Boundaries of words: between letters and others, and before a capital in camel case. */
    private static final Pattern BOUNDARY =
            Pattern.compile(
                    "[^\\p{L}\\p{Nd}]+|(?<=\\p{Nd})(?=\\p{L})|(?<=\\p{L})(?=\\p{Nd})"
                            + "|(?<=\\p{Ll})(?=\\p{Lu})");

    private static final Pattern NUMBER = Pattern.compile("\\p{Nd}+");

    private static final Comparator<String> WORDS =
            Comparator.comparing((String word) -> !isNumber(word))
                    .thenComparing(word -> isNumber(word) ? word.length() : 0)
                    .thenComparing(NameOrder::rank)
                    .thenComparing(Comparator.naturalOrder());

    private NameOrder() {}

    private static Map<String, Integer> ranks() {
        Map<String, Integer> ranks = new HashMap<>();
        for (int i = 0; i < ORDER.size(); i++) {
            for (String word : ORDER.get(i)) {
                ranks.put(word, i);
            }
        }
        return ranks;
    }

    /** Returns the place of a word in {@link #ORDER}; unknown words come last. */
    private static int rank(String word) {
        return RANKS.getOrDefault(word, ORDER.size());
    }

    /** Returns the words and numbers of a name, in lower case and without leading zeros. */
    static List<String> words(String name) {
        return Arrays.stream(BOUNDARY.split(name))
                .filter(word -> !word.isEmpty())
                .map(word -> word.toLowerCase(Locale.ROOT))
                .map(word -> isNumber(word) ? word.replaceFirst("^0+(?=.)", "") : word)
                .toList();
    }

    private static boolean isNumber(String word) {
        return NUMBER.matcher(word).matches();
    }

    /** Returns which of the projections of attention a layer is: query, key, value, or none. */
    static String projection(String name) {
        String found = "";
        for (String word : words(name)) {
            found =
                    switch (word) {
                        case "query", "q" -> "query";
                        case "key", "k" -> "key";
                        case "value", "v" -> "value";
                        default -> found;
                    };
        }
        return found;
    }

    /** Returns whether names are sorted, so that their order says nothing about the network. */
    static boolean isSorted(List<String> names) {
        for (int i = 1; i < names.size(); i++) {
            if (names.get(i - 1).compareTo(names.get(i)) > 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Sorts layers into the order of the network.
     *
     * @param <T> the type of a layer
     * @param layers the layers, in any order
     * @param naming returns the name of a layer
     * @return the layers; empty if the names of two do not tell which is first
     */
    static <T> Optional<List<T>> sort(List<T> layers, Function<T, String> naming) {
        List<Worded<T>> sorted = new ArrayList<>();
        layers.forEach(layer -> sorted.add(new Worded<>(layer, words(naming.apply(layer)))));
        sorted.sort((first, second) -> compare(first.words, second.words));
        for (int i = 1; i < sorted.size(); i++) {
            if (!tells(sorted.get(i - 1).words, sorted.get(i).words)) {
                return Optional.empty();
            }
        }
        return Optional.of(sorted.stream().map(Worded::layer).toList());
    }

    /** A layer and the words of its name. */
    private record Worded<T>(T layer, List<String> words) {}

    private static int compare(List<String> first, List<String> second) {
        int at = mismatch(first, second);
        return at < Math.min(first.size(), second.size())
                ? WORDS.compare(first.get(at), second.get(at))
                : Integer.compare(first.size(), second.size());
    }

    private static int mismatch(List<String> first, List<String> second) {
        int at = 0;
        while (at < Math.min(first.size(), second.size()) && first.get(at).equals(second.get(at))) {
            at++;
        }
        return at;
    }

    /** Returns whether the first different words are numbers, or words with a known order. */
    private static boolean tells(List<String> first, List<String> second) {
        int at = mismatch(first, second);
        if (at == Math.min(first.size(), second.size())) {
            return false;
        }
        String one = first.get(at);
        String other = second.get(at);
        return isNumber(one)
                ? isNumber(other)
                : rank(one) != rank(other) && rank(other) < ORDER.size();
    }

    /** Returns whether two names first differ in a number that is smaller in the second name. */
    static boolean goesDown(String first, String second) {
        List<String> from = words(first);
        List<String> to = words(second);
        int at = mismatch(from, to);
        return at < Math.min(from.size(), to.size())
                && isNumber(from.get(at))
                && isNumber(to.get(at))
                && WORDS.compare(from.get(at), to.get(at)) > 0;
    }
}
