package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import io.github.freqreg.format.FrqDocument;
import io.github.freqreg.format.FrqEntry;
import io.github.freqreg.format.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Averages the coefficients of networks. Because the inverse transform is linear, the result has
 * the average of the dense weights.
 *
 * <pre>
 * c = Σ n_k c_k / Σ n_k      (federated averaging: McMahan et al., arXiv 1602.05629, algorithm 1)
 * </pre>
 */
final class CoefficientAverage {

    private CoefficientAverage() {}

    /**
     * Averages coefficients, weighted by the numbers of scenes.
     *
     * @param updates one or more results for the same network
     * @return the average, as the bytes of a file with float32 numbers
     * @throws MalformedModelException if the bytes of a result are damaged or belong to another
     *     network
     */
    static byte[] of(List<LocalTraining.Update> updates) throws MalformedModelException {
        List<FrqDocument> documents = new ArrayList<>();
        double scenes = 0;
        for (LocalTraining.Update update : updates) {
            documents.add(FrqDocument.decode(update.frq()));
            scenes += update.scenes();
        }
        FrqDocument first = documents.get(0);
        double[][] sums = new double[first.entries().size()][0];
        for (int k = 0; k < documents.size(); k++) {
            checkSame(first, documents.get(k));
            double weight = updates.get(k).scenes() / scenes;
            for (int i = 0; i < sums.length; i++) {
                sums[i] = add(sums[i], documents.get(k).entries().get(i).values(), weight);
            }
        }
        List<FrqEntry> tensors = new ArrayList<>();
        for (int i = 0; i < sums.length; i++) {
            FrqEntry its = first.entries().get(i);
            tensors.add(its.withValues(Precision.FLOAT32, floats(sums[i])));
        }
        return new FrqDocument(first.inputs(), tensors, first.fingerprint()).encode();
    }

    /** Adds weighted values. Arrays may differ in length, because files omit trailing zeros. */
    private static double[] add(double[] sum, float[] values, double weight) {
        double[] longer = Arrays.copyOf(sum, Math.max(sum.length, values.length));
        for (int i = 0; i < values.length; i++) {
            longer[i] += weight * values[i];
        }
        return longer;
    }

    private static float[] floats(double[] numbers) {
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            rounded[i] = (float) numbers[i];
        }
        return rounded;
    }

    private static void checkSame(FrqDocument first, FrqDocument other)
            throws MalformedModelException {
        if (first.fingerprint() != other.fingerprint() || !axes(first).equals(axes(other))) {
            throw new MalformedModelException(
                    String.format(
                            Locale.ROOT,
                            "Expected coefficients of one network but found the fingerprints %08x,"
                                    + " %08x and the axes %s, %s",
                            first.fingerprint(),
                            other.fingerprint(),
                            axes(first),
                            axes(other)));
        }
    }

    private static List<String> axes(FrqDocument document) {
        return document.entries().stream()
                .map(entry -> entry.spectral() ? entry.axes().toString() : "")
                .toList();
    }
}
