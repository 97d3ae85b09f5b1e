package io.github.freqreg.file;

import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import java.util.List;

/**
 * Explains why a file does not fit a TorchScript network that was loaded in another way than the
 * saved one: {@code TorchScript.load} shows the running statistics of its normalisation, DJL does
 * not.
 */
final class ShownStatistics {

    private static final String HINT =
            "; only TorchScript.load shows the running statistics of a TorchScript network: load"
                    + " the archive with it before saving and before loading a file";

    private ShownStatistics() {}

    /**
     * Returns the explanation of a file that does not fit.
     *
     * @param document the content of the file
     * @param tensors of the network
     * @return the explanation, or nothing if this is not the reason
     */
    static String hint(FrqDocument document, List<NetworkTensor> tensors) {
        List<NetworkTensor> ofModules = tensors.stream().filter(NetworkTensor::isInModule).toList();
        if (ofModules.isEmpty()) {
            return "";
        }
        boolean shown = ofModules.stream().anyMatch(NetworkTensor::isRunningStatistic);
        return has(document, shown, tensors.size()) == shown ? "" : HINT;
    }

    /** Returns whether a file has running statistics, as far as names or numbers tell. */
    private static boolean has(FrqDocument document, boolean shown, int tensors) {
        int stored = document.entries().size();
        if (!document.isNamed()) {
            return stored == tensors ? shown : stored > tensors;
        }
        return document.entries().stream().map(FrqEntry::name).anyMatch(ShownStatistics::isOne);
    }

    private static boolean isOne(String name) {
        return name.endsWith("running_mean") || name.endsWith("running_var");
    }
}
