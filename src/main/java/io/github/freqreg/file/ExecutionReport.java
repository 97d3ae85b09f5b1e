package io.github.freqreg.file;

import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.execution.LayerPick;
import io.github.freqreg.execution.Pick;
import io.github.freqreg.execution.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How the wrapped layers of a network computed their last passes, with the expected costs.
 *
 * <p>The way a layer computes depends on the shape of its input, so it is known only after a
 * prediction or a training step. Costs are those of the model by which {@link Strategy#AUTO}
 * decides: milliseconds on the machine where its constants were measured. Use them to compare
 * layers, not to predict times. Instances are immutable.
 */
public final class ExecutionReport {

    private final List<LayerPick> rows;

    private ExecutionReport(List<LayerPick> rows) {
        this.rows = List.copyOf(rows);
    }

    /**
     * Reports on a network.
     *
     * @param block a network with wrapped layers
     * @return the report, with rows for the layers that have computed a pass
     * @throws IllegalArgumentException if no layer of the network is wrapped
     */
    public static ExecutionReport of(Block block) {
        if (!FrequencyBlocks.isWrapped(block)) {
            throw new IllegalArgumentException(
                    "No layer of the "
                            + block.getClass().getSimpleName()
                            + " is wrapped: apply a policy first");
        }
        return new ExecutionReport(FrequencyBlocks.picks(block));
    }

    /**
     * Returns a row for each layer and kind of pass. Layers that can only be rebuilt, such as an
     * LSTM, have no row, as the cost model does not cover them.
     *
     * @return the rows, in the network's order
     */
    public List<LayerPick> getRows() {
        return rows;
    }

    /** Returns the report as an aligned table. */
    @Override
    public String toString() {
        List<String[]> cells = new ArrayList<>();
        cells.add(
                new String[] {
                    "weight", "layer", "input", "pass", "computed", "expected ms", "dense ms"
                });
        for (LayerPick row : rows) {
            Pick pick = row.pick();
            cells.add(
                    cells(
                            row.name(),
                            row.layer(),
                            pick.input().toString(),
                            pick.training(),
                            pick.toString(),
                            pick.nanoseconds(),
                            pick.dense()));
        }
        for (boolean training : new boolean[] {false, true}) {
            List<Pick> its =
                    rows.stream()
                            .map(LayerPick::pick)
                            .filter(pick -> pick.training() == training)
                            .toList();
            if (!its.isEmpty()) {
                double expected = its.stream().mapToDouble(Pick::nanoseconds).sum();
                double dense = its.stream().mapToDouble(Pick::dense).sum();
                cells.add(cells("total", "", "", training, "", expected, dense));
            }
        }
        return TextTable.of(cells, 5);
    }

    private static String[] cells(
            String name,
            String layer,
            String input,
            boolean training,
            String computed,
            double expected,
            double dense) {
        String pass = training ? "training" : "inference";
        return new String[] {
            name, layer, input, pass, computed, milliseconds(expected), milliseconds(dense)
        };
    }

    private static String milliseconds(double nanoseconds) {
        return String.format(Locale.ROOT, "%.3f", nanoseconds / 1e6);
    }
}
