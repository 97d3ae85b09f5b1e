package io.github.freqreg.examples.report;

import io.github.freqreg.examples.tasks.Epoch;
import io.github.freqreg.format.FrqEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.knowm.xchart.XYChart;

/**
 * The charts of a {@code .frq} file.
 *
 * @param bytes the bytes of each tensor on disk
 * @param filters the filters of the first layer
 * @param spectra a heat map and a histogram for each drawn tensor
 * @param notes remarks on spectra that are not drawn
 * @param learning the learning curves; empty if they are not known
 */
public record Figures(
        Figure bytes,
        Figure filters,
        List<Spectrum> spectra,
        List<String> notes,
        List<Figure> learning) {

    /** The largest number of tensors in the chart of bytes. */
    static final int MOST_DOTS = 40;

    /** The largest number of tensors whose spectra are drawn. */
    static final int MOST_SPECTRA = 24;

    private static final int DOT_NAME = 40;

    /**
     * The largest ratio of kept numbers between epochs without truncation: running statistics may
     * change how many numbers a file needs.
     */
    private static final double MOST_STATISTICS = 1.5;

    /**
     * The charts of a tensor's coefficients.
     *
     * @param index the index of the tensor in the file
     * @param heatMap the magnitudes by frequency, if the shape of the tensor is known
     * @param histogram the distribution of the magnitudes
     */
    public record Spectrum(int index, Optional<Figure> heatMap, Figure histogram) {

        List<Figure> figures() {
            return Stream.concat(heatMap.stream(), Stream.of(histogram)).toList();
        }
    }

    /**
     * Prepares the charts of a file. They are drawn on demand.
     *
     * @param contents the contents of the file
     * @param learning the learning curves of the network, if they are known
     */
    public static Figures of(Contents contents, Optional<Learning> learning) {
        List<FrqEntry> tensors = contents.entries();
        int[] spectral =
                IntStream.range(0, tensors.size()).filter(i -> tensors.get(i).spectral()).toArray();
        int[] drawn = largest(spectral, MOST_SPECTRA, i -> tensors.get(i).values().length);
        List<Spectrum> spectra = new ArrayList<>();
        for (int index : drawn) {
            spectra.add(spectrum(contents, index));
        }
        List<String> notes = new ArrayList<>();
        if (spectral.length == 0) {
            notes.add("No tensor is stored as coefficients, so there are no spectra.");
        } else if (!contents.document().isNamed()) {
            notes.add(
                    "The file has no shapes, so the frequencies of its coefficients are not known."
                            + " Only histograms of their magnitudes are drawn.");
        }
        if (drawn.length < spectral.length) {
            notes.add(
                    String.format(
                            Locale.ROOT,
                            "Of %,d tensors stored as coefficients, the %d with the most"
                                    + " coefficients are drawn; %,d are omitted.",
                            spectral.length,
                            drawn.length,
                            spectral.length - drawn.length));
        }
        return new Figures(
                bytes(contents),
                Filters.of(contents),
                spectra,
                notes,
                learning.map(Figures::curves).orElse(List.of()));
    }

    /** Returns all charts in the order in which a page shows them. */
    public List<Figure> all() {
        List<Figure> all = new ArrayList<>(learning);
        all.add(bytes);
        all.add(filters);
        for (Spectrum spectrum : spectra) {
            all.addAll(spectrum.figures());
        }
        return all;
    }

    /** The size by which tensors are selected. */
    @FunctionalInterface
    private interface Size {

        double of(int index);
    }

    /** Returns the indices of the largest tensors, in ascending order. */
    private static int[] largest(int[] indices, int most, Size size) {
        return IntStream.of(indices)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -size.of(i)))
                .limit(most)
                .mapToInt(i -> i)
                .sorted()
                .toArray();
    }

    private static Figure bytes(Contents contents) {
        String id = "bytes";
        String title = "Bytes on disk";
        List<FrqEntry> tensors = contents.entries();
        boolean named = contents.document().isNamed();
        // A logarithmic axis cannot show zero bytes.
        int[] some =
                IntStream.range(0, tensors.size())
                        .filter(i -> contents.sizes()[i] > 0 && tensors.get(i).values().length > 0)
                        .toArray();
        if (some.length == 0) {
            return Figure.missing(id, title, "No tensor takes bytes of its own.");
        }
        Size size =
                named
                        ? i -> (double) Float.BYTES * tensors.get(i).shape().size()
                        : i -> contents.sizes()[i];
        int[] drawn = largest(some, MOST_DOTS, size);
        List<String> names =
                IntStream.of(drawn)
                        .mapToObj(i -> Labels.shorten(contents.label(i), DOT_NAME))
                        .toList();
        double[] compressed = IntStream.of(drawn).mapToDouble(i -> contents.sizes()[i]).toArray();
        Optional<double[]> dense =
                named
                        ? Optional.of(IntStream.of(drawn).mapToDouble(size::of).toArray())
                        : Optional.empty();
        String caption =
                named
                        ? "Bytes of each tensor in the file, including its name and shape, compared"
                                + " with four bytes for each number of the dense tensor."
                        : "Bytes of each tensor in the file. The file has no shapes, so the sizes"
                                + " in the dense network are not known.";
        if (drawn.length < tensors.size()) {
            caption +=
                    String.format(
                            Locale.ROOT,
                            " The %d largest of %,d tensors.",
                            drawn.length,
                            tensors.size());
        }
        return new Figure(
                id, title, caption, theme -> DotPlot.draw(names, dense, compressed, theme));
    }

    private static Spectrum spectrum(Contents contents, int index) {
        FrqEntry tensor = contents.entries().get(index);
        String name = contents.label(index);
        String number = String.format(Locale.ROOT, "%03d", index + 1);

        Optional<FoldedSpectrum> folded =
                contents.document().isNamed()
                        ? Optional.of(FoldedSpectrum.of(tensor))
                        : Optional.empty();
        boolean low = folded.isEmpty() || folded.get().isStrip();
        return new Spectrum(
                index,
                folded.map(
                        spectrum ->
                                new Figure(
                                        "spectrum-" + number,
                                        "Spectrum of " + name,
                                        spectrum.describe(tensor.values().length),
                                        theme -> HeatMap.draw(spectrum, theme))),
                histogram("histogram-" + number, "Coefficients of " + name, tensor.values(), low));
    }

    private static Figure histogram(String id, String title, float[] values, boolean low) {
        Magnitudes scale = Magnitudes.of(values).wholeDecades();
        long zeros = IntStream.range(0, values.length).filter(i -> values[i] == 0).count();
        if (zeros == values.length) {
            return Figure.missing(id, title, "All kept coefficients are zero.");
        }
        long below =
                IntStream.range(0, values.length)
                        .filter(i -> scale.isBelow(Math.abs(values[i])))
                        .count();
        StringBuilder caption =
                new StringBuilder(
                        String.format(
                                Locale.ROOT, "Magnitudes of %,d coefficients.", values.length));
        if (below > 0) {
            caption.append(
                    String.format(
                            Locale.ROOT,
                            " Not shown: %,d zeros, %,d other values below %s.",
                            zeros,
                            below - zeros,
                            Magnitudes.label(scale.low())));
        }
        return new Figure(
                id, title, caption.toString(), theme -> Histogram.draw(values, scale, low, theme));
    }

    private static List<Figure> curves(Learning learning) {
        boolean none = learning.runs().values().stream().allMatch(List::isEmpty);
        if (none) {
            return List.of(
                    Figure.missing("learning", "Learning curve", "The result has no epochs."));
        }
        List<Figure> figures = new ArrayList<>();
        figures.add(curve("learning-value", learning.metric(), Curves::value, learning));
        figures.add(curve("learning-loss", "loss", Curves::loss, learning));
        boolean truncated =
                learning.runs().values().stream()
                        .map(run -> run.stream().mapToLong(Epoch::numbers))
                        .map(LongStream::summaryStatistics)
                        .anyMatch(numbers -> numbers.getMax() > MOST_STATISTICS * numbers.getMin());
        if (truncated) {
            figures.add(curve("learning-numbers", "numbers kept", Curves::numbers, learning));
        }
        return figures;
    }

    /** Creates a chart of learning curves. */
    @FunctionalInterface
    private interface Curve {

        XYChart of(Learning learning, Theme theme);
    }

    private static Figure curve(String id, String what, Curve curve, Learning learning) {
        return new Figure(
                id,
                "Learning curve: " + what,
                "",
                theme -> Charts.paint(curve.of(learning, theme)));
    }
}
