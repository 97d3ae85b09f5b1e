package io.github.freqreg.examples.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The size of an image.
 *
 * @param width the width in pixels
 * @param height the height in pixels
 */
public record ImageSize(int width, int height) {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(?:[xX×](\\d{1,9}))?");

    /**
     * Parses a size from the command line.
     *
     * @param text "640x480", or "96" for a square
     * @throws IllegalArgumentException if the text has neither form
     */
    public static ImageSize parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected N or WIDTHxHEIGHT but found " + text);
        }
        int width = Integer.parseInt(matcher.group(1));
        return new ImageSize(
                width, matcher.group(2) == null ? width : Integer.parseInt(matcher.group(2)));
    }

    public long pixels() {
        return (long) width * height;
    }

    /** Returns the size in the form that {@link #parse} accepts. */
    @Override
    public String toString() {
        return width + "x" + height;
    }
}
