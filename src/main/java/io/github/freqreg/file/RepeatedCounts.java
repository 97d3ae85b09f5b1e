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
     * @param coefficients of the wrapped tensors by name, in the order of the file
     * @return the names of those whose count is that of a neighbour
     */
    static Set<String> in(Map<String, float[]> coefficients) {
        Set<String> found = new HashSet<>();
        Map.@Nullable Entry<String, float[]> last = null;
        for (Map.Entry<String, float[]> each : coefficients.entrySet()) {
            if (last != null && last.getValue().length == each.getValue().length) {
                found.add(last.getKey());
                found.add(each.getKey());
            }
            last = each;
        }
        return found;
    }
}
