package io.github.freqreg.examples.report;

import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.function.Function;

/**
 * A picture, drawn when it is asked for; or a sentence on why there is none.
 *
 * @param id a short name without blanks, of its file too
 * @param title what it shows
 * @param caption how to read it, or why it cannot be drawn
 * @param drawing draws it, if it can be drawn
 */
public record Figure(
        String id, String title, String caption, Optional<Function<Theme, BufferedImage>> drawing) {

    /** A picture. */
    Figure(String id, String title, String caption, Function<Theme, BufferedImage> drawing) {
        this(id, title, caption, Optional.of(drawing));
    }

    /** A sentence in place of a picture. */
    static Figure missing(String id, String title, String reason) {
        return new Figure(id, title, reason, Optional.empty());
    }
}
