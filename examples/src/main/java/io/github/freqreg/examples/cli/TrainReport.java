package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.report.Learning;
import io.github.freqreg.examples.report.ResultJson;
import io.github.freqreg.examples.tasks.Epoch;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.Result;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The results of {@code train} as a table, as JSON and as learning curves.
 *
 * @param run the training of the network
 * @param result the result of this training
 * @param baseline the result of the dense network, if it was trained for comparison
 */
record TrainReport(TrainRun run, Result result, Optional<Result> baseline) {

    private static final String DENSE = "dense";

    /** Prints a table with a line for each network. */
    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%-12s %7s %12s %14s  %s%n",
                "",
                "epochs",
                "numbers",
                "bytes",
                "on the test set");
        results().forEach((name, each) -> print(out, name, each));
    }

    private static void print(PrintWriter out, String name, Result result) {
        out.printf(
                Locale.ROOT,
                "%-12s %7d %,12d %,14d  %s%n",
                name,
                result.trained(),
                result.numbers(),
                result.bytes(),
                result.score());
    }

    private Map<String, Result> results() {
        Map<String, Result> results = new LinkedHashMap<>();
        baseline.ifPresent(its -> results.put(DENSE, its));
        results.put(run.kind(), result);
        return results;
    }

    /** Returns the learning curves. */
    Learning learning() {
        Map<String, List<Epoch>> runs = new LinkedHashMap<>();
        results().forEach((name, each) -> runs.put(name, each.epochs()));
        return new Learning(result.score().metric(), runs);
    }

    /**
     * Returns the values of the JSON file.
     *
     * @param network the network
     * @param timed whether to include the training time, which is incomplete after a resume
     */
    Map<String, Object> values(Network network, boolean timed) {
        Map<String, Object> values =
                ResultJson.of(
                        network,
                        run.task().data(),
                        result.score(),
                        result.numbers(),
                        result.bytes());
        if (timed) {
            values.put("seconds", result.seconds());
        }
        values.put("epochs", run.plan().epochs());
        values.put("seed", run.plan().seed());
        values.put("curve", result.epochs());
        baseline.ifPresent(
                dense -> {
                    values.put("denseValue", dense.score().value());
                    values.put("denseNumbers", dense.numbers());
                    values.put("denseBytes", dense.bytes());
                    if (timed) {
                        values.put("denseSeconds", dense.seconds());
                    }
                    values.put("denseCurve", dense.epochs());
                });
        return values;
    }
}
