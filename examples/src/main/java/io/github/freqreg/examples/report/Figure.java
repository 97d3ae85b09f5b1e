package io.github.freqreg.examples.report;

import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.function.Function;

/**
 * A chart that is drawn on demand, or the reason why there is none.
 *
 * @param id a short name without blanks, also used as a file name
 * @param title the title
 * @param caption an explanation of the chart, or the reason why it cannot be drawn
 * @param drawing draws the chart; empty if it cannot be drawn
 */
public record Figure(
        String id, String title, String caption, Optional<Function<Theme, BufferedImage>> drawing) {

    /** Creates a chart. */
    Figure(String id, String title, String caption, Function<Theme, BufferedImage> drawing) {
        this(id, title, caption, Optional.of(drawing));
    }

    /** Creates a figure that only gives the reason why it cannot be drawn. */
    static Figure missing(String id, String title, String reason) {
        return new Figure(id, title, reason, Optional.empty());
    }
}
