package io.github.freqreg.examples.data;

import java.util.Random;

/**
 * How training images are varied.
 *
 * @param move by how many pixels they are moved at most, along each axis
 * @param turn by how many degrees they are turned at most, and by how many percent scaled
 * @param mirrored whether every second, by a draw, is seen in a mirror
 */
public record Variation(int move, double turn, boolean mirrored) {

    public static final Variation NONE = new Variation(0, 0, false);

    /**
     * Varies a square of pixels.
     *
     * <p>What enters is black. Turned and scaled images are interpolated between four pixels.
     *
     * @param side of the square
     * @param random draws how
     * @return what to do with each channel of one image
     */
    Warp draw(int side, Random random) {
        int down = random.nextInt(2 * move + 1) - move;
        int right = random.nextInt(2 * move + 1) - move;
        boolean mirror = mirrored && random.nextBoolean();
        if (turn == 0) {
            return (from, start, to, target) ->
                    shift(side, down, right, mirror, from, start, to, target);
        }
        double angle = Math.toRadians(turn * (2 * random.nextDouble() - 1));
        double scale = 1 + turn / 100 * (2 * random.nextDouble() - 1);
        double cos = Math.cos(angle) / scale;
        double sin = Math.sin(angle) / scale;
        double middle = (side - 1) / 2.0;
        return (from, start, to, target) -> {
            for (int row = 0; row < side; row++) {
                for (int column = 0; column < side; column++) {
                    double y = row - middle - down;
                    double x = (mirror ? side - 1 - column : column) - middle - right;
                    double value =
                            between(
                                    side,
                                    from,
                                    start,
                                    middle + cos * y - sin * x,
                                    middle + sin * y + cos * x);
                    to[target + row * side + column] = (byte) Math.round(value);
                }
            }
        };
    }

    private static void shift(
            int side,
            int down,
            int right,
            boolean mirror,
            byte[] from,
            int start,
            byte[] to,
            int target) {
        for (int row = Math.max(0, down); row < Math.min(side, side + down); row++) {
            int ours = target + row * side;
            System.arraycopy(
                    from,
                    start + (row - down) * side + Math.max(0, -right),
                    to,
                    ours + Math.max(0, right),
                    side - Math.abs(right));
            if (mirror) {
                reverse(to, ours, ours + side);
            }
        }
    }

    private static void reverse(byte[] bytes, int from, int to) {
        for (int left = from, right = to - 1; left < right; left++, right--) {
            byte kept = bytes[left];
            bytes[left] = bytes[right];
            bytes[right] = kept;
        }
    }

    /** The value at a place between four pixels. */
    private static double between(int side, byte[] pixels, int start, double y, double x) {
        int row = (int) Math.floor(y);
        int column = (int) Math.floor(x);
        double low = y - row;
        double right = x - column;
        return (1 - low)
                        * ((1 - right) * pixel(side, pixels, start, row, column)
                                + right * pixel(side, pixels, start, row, column + 1))
                + low
                        * ((1 - right) * pixel(side, pixels, start, row + 1, column)
                                + right * pixel(side, pixels, start, row + 1, column + 1));
    }

    private static int pixel(int side, byte[] pixels, int start, int row, int column) {
        boolean inside = row >= 0 && row < side && column >= 0 && column < side;
        return inside ? pixels[start + row * side + column] & 0xff : 0;
    }

    /** Varies one channel of an image. */
    @FunctionalInterface
    interface Warp {

        void apply(byte[] from, int start, byte[] to, int target);
    }
}
