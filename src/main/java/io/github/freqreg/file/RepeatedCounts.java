package io.github.freqreg.file;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which wrapped tensors have as many coefficients as the one before or after them.
 *
 * <p>A file stores a repeated count in less than a bit, and any other in about two bytes. So the
 * tail of such a tensor is cut only where that saves more.
 */
final class RepeatedCounts {

    /** The bits of a count that is not repeated. */
    static final int BITS = 16;

    private RepeatedCounts() {}

    /**
     * Finds the tensors.
     *
     * @param counts of the wrapped tensors by name, in the order of the file
     * @return the names of those whose count is that of a neighbour
     */
    static Set<String> in(Map<String, Integer> counts) {
        Set<String> found = new HashSet<>();
        Map.@Nullable Entry<String, Integer> last = null;
        for (Map.Entry<String, Integer> each : counts.entrySet()) {
            if (last != null && last.getValue().equals(each.getValue())) {
                found.add(last.getKey());
                found.add(each.getKey());
            }
            last = each;
        }
        return found;
    }
}
