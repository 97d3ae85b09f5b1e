package io.github.freqreg.examples.tasks;

import ai.djl.training.util.ProgressBar;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.IntConsumer;

/** Shows the progress of a training. */
public interface TrainingLog {

    /** Shows nothing. */
    TrainingLog SILENT =
            new TrainingLog() {
                /** {@inheritDoc} */
                @Override
                public void print(String format, Object... values) {}

                /** {@inheritDoc} */
                @Override
                public IntConsumer steps(int epoch, int count) {
                    return step -> {};
                }
            };

    /** Prints lines to a writer, and draws a progress bar if standard output is a terminal. */
    static TrainingLog to(PrintWriter out) {
        return new TrainingLog() {
            /** {@inheritDoc} */
            @Override
            public void print(String format, Object... values) {
                out.printf(Locale.ROOT, format, values);
                out.flush();
            }

            /** {@inheritDoc} */
            @Override
            public IntConsumer steps(int epoch, int count) {
                return Terminal.isOut()
                        ? new ProgressBar("Epoch " + epoch, count)::update
                        : step -> {};
            }
        };
    }

    /** Prints formatted text. */
    void print(String format, Object... values);

    /**
     * Shows the steps of an epoch.
     *
     * @param epoch its number
     * @param count how many steps it has
     * @return is called with the number of each step that is done, from 0
     */
    IntConsumer steps(int epoch, int count);
}
