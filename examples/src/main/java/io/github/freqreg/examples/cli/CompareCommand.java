package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.report.Charts;
import io.github.freqreg.examples.report.ResultJson;
import io.github.freqreg.examples.report.Theme;
import io.github.freqreg.examples.tasks.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Plots test error against file size of LeNet-5 models, with published results to compare. */
@Command(
        name = "compare",
        description =
                "Plots test error against file size of LeNet-5 models, beside published results.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {

    private static final int WIDTH = 860;
    private static final int HEIGHT = 520;

    private static final double LEAST_BYTES = 500;
    private static final double MOST_BYTES = 100_000;
    private static final double LEAST_ERROR = 0.5;

    /** Published results: name to sizes in bytes and errors on MNIST in percent. */
    private static final Map<String, double[][]> PUBLISHED = new LinkedHashMap<>();

    static {
        PUBLISHED.put("MIRACLE, a port", new double[][] {{1_149}, {0.98}});
        PUBLISHED.put("MIRACLE (Havasi 2019)", new double[][] {{1_600, 3_100}, {0.96, 0.69}});
        PUBLISHED.put("Bayesian Compression", new double[][] {{2_230}, {1.0}});
        PUBLISHED.put("EPR (Oktay 2020)", new double[][] {{2_840}, {1.0}});
        PUBLISHED.put("Deep Compression", new double[][] {{44_000}, {0.74}});
    }

    @Parameters(
            arity = "1..*",
            paramLabel = "F.json",
            description =
                    "result files on MNIST's test set, written by train lenet --data DIR --json or"
                            + " evaluate lenet --data DIR --json")
    private List<Path> files;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "F.png",
            converter = PngName.class,
            description = "the PNG file to write")
    private Path out;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException {
        double[] bytes = new double[files.size()];
        double[] errors = new double[files.size()];
        for (int i = 0; i < bytes.length; i++) {
            double[] point = read(files.get(i));
            bytes[i] = point[0];
            errors[i] = point[1];
        }
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title("LeNet-5 on MNIST")
                        .xAxisTitle("bytes of the file")
                        .yAxisTitle("test error, %")
                        .build();
        Theme.LIGHT.dress(chart.getStyler());
        chart.getStyler()
                .setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter)
                .setXAxisLogarithmic(true)
                .setXAxisMin(LEAST_BYTES)
                .setXAxisMax(MOST_BYTES)
                .setXAxisDecimalPattern("#,###")
                .setYAxisMin(LEAST_ERROR)
                .setMarkerSize(9)
                .setLegendPosition(Styler.LegendPosition.OutsideE)
                .setLegendLayout(Styler.LegendLayout.Vertical);

        chart.addSeries("freqreg", bytes, errors).setMarker(SeriesMarkers.CIRCLE);
        PUBLISHED.forEach(
                (name, points) ->
                        chart.addSeries(name, points[0], points[1])
                                .setMarker(SeriesMarkers.DIAMOND));
        PngFile.write(Charts.paint(chart), out);
        return 0;
    }

    /** Returns the file size in bytes and the error in percent. */
    private static double[] read(Path file) throws IOException {
        ResultJson result = ResultJson.read(file);
        String model = result.text("model");
        if (!model.equals(Network.LENET.command())) {
            throw result.error("expected a result of lenet but found one of " + model);
        }
        String data = result.part("data").text("name");
        if (!data.equals(Digits.MNIST)) {
            throw result.error(
                    "expected a result on MNIST's test set, as the published results are, but found"
                            + " one on "
                            + data);
        }
        return new double[] {result.number("bytes"), 100 * (1 - result.number("value"))};
    }
}
