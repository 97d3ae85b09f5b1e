package io.github.freqreg.examples.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The size of an image.
 *
 * @param width in pixels
 * @param height in pixels
 */
public record ImageSize(int width, int height) {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(?:[xX×](\\d{1,9}))?");

    /**
     * Reads a size as a user writes it.
     *
     * @param text "640x480", or "96" for a square
     * @throws IllegalArgumentException if it is neither
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

    /** As it is parsed. */
    @Override
    public String toString() {
        return width + "x" + height;
    }
}
