package io.github.freqreg.interop.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Declares the running statistics of a TorchScript network as parameters.
 *
 * <p>They are buffers, which DJL does not show, so they could neither be compressed nor stored in a
 * {@code .frq} file. Whether a tensor is a buffer or a parameter is written in the source of its
 * class alone, and makes no difference to the code that uses it.
 */
final class RunningStatistics {

    /** The lines that begin a class: names of tensors in double quotes, each with a comma. */
    private static final Pattern DECLARATION =
            Pattern.compile(
                    "__parameters__ = \\[([^\\]\\n]*)\\](\\s*)__buffers__ = \\[([^\\]\\n]*)\\]");

    private static final Pattern NAME = Pattern.compile("\"([^\"]*)\"");

    private RunningStatistics() {}

    /** Returns the names of the running statistics among those of the buffers of a network. */
    static Set<String> among(Map<String, ?> buffers) {
        return buffers.keySet().stream()
                .filter(RunningStatistics::isOne)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Returns whether DJL takes a tensor for a running statistic by its name. */
    private static boolean isOne(String name) {
        String own = name.substring(name.lastIndexOf('.') + 1);
        return own.equals("running_mean") || own.equals("running_var");
    }

    /** Returns source code whose classes declare their running statistics as parameters. */
    static String declareAsParameters(String source) {
        return DECLARATION
                .matcher(source)
                .replaceAll(declaration -> Matcher.quoteReplacement(declare(declaration)));
    }

    private static String declare(MatchResult declaration) {
        List<String> parameters = names(declaration.group(1));
        List<String> buffers = new ArrayList<>();
        for (String name : names(declaration.group(3))) {
            (isOne(name) ? parameters : buffers).add(name);
        }
        return "__parameters__ = ["
                + list(parameters)
                + "]"
                + declaration.group(2)
                + "__buffers__ = ["
                + list(buffers)
                + "]";
    }

    private static List<String> names(String list) {
        return NAME.matcher(list)
                .results()
                .map(name -> name.group(1))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private static String list(List<String> names) {
        return names.stream().map(name -> '"' + name + "\", ").collect(Collectors.joining());
    }
}
