package io.github.freqreg.examples;

import java.awt.image.BufferedImage;
import java.util.function.Function;

/**
 * A picture, drawn when it is asked for; or a sentence on why there is none.
 *
 * @param id a short name without blanks, of its file too
 * @param title what it shows
 * @param caption how to read it, or why it cannot be drawn
 * @param drawing draws it; null where it cannot be drawn
 */
record Figure(String id, String title, String caption, Function<Theme, BufferedImage> drawing) {

    /** A sentence in place of a picture. */
    static Figure missing(String id, String title, String reason) {
        return new Figure(id, title, reason, null);
    }

    boolean isDrawn() {
        return drawing != null;
    }
}
