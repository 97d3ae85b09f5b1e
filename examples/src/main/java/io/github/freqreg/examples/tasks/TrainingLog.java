package io.github.freqreg.examples.tasks;

import ai.djl.training.util.ProgressBar;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.IntConsumer;

/** Prints the progress of a training. */
public interface TrainingLog {

    /** Prints nothing. */
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

    /** Creates a log that prints to a writer and draws a progress bar if it is on a terminal. */
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
     * Prints the progress of the steps of an epoch.
     *
     * @param epoch the number of the epoch
     * @param count the number of its steps
     * @return a callback for the index of each completed step, from 0
     */
    IntConsumer steps(int epoch, int count);
}
