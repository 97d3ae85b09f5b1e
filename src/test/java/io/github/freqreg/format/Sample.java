package io.github.freqreg.format;

/**
 * A small file, and what a reader must do with it.
 *
 * @param name the file's name in {@code src/test/resources/malformed}, which begins with good-,
 *     bad- or unsupported-; empty if the file is not in that set
 * @param bytes the file
 * @param why the rule that it breaks, or what it holds
 * @param message a part of this library's error; empty for a good file
 */
public record Sample(String name, byte[] bytes, String why, String message) {

    /** Makes a good file of the set. */
    public static Sample good(String name, byte[] bytes, String holds) {
        return new Sample("good-" + name, bytes, holds, "");
    }

    /** Makes a file of the set that breaks a rule of its format. */
    public static Sample bad(String name, byte[] bytes, String why, String message) {
        return new Sample("bad-" + name, bytes, why, message);
    }

    /** Makes a file of the set that needs a feature this library lacks. */
    public static Sample unsupported(String name, byte[] bytes, String why, String message) {
        return new Sample("unsupported-" + name, bytes, why, message);
    }

    /** Makes a bad file that is only tested here. */
    static Sample extra(byte[] bytes, String why, String message) {
        return new Sample("", bytes, why, message);
    }

    public boolean isGood() {
        return name.startsWith("good-");
    }

    boolean isInSet() {
        return !name.isEmpty();
    }

    public boolean hasExtension(String extension) {
        return name.endsWith(extension);
    }

    /** Returns a copy of a file with some bytes replaced. */
    public static byte[] patched(byte[] file, int at, int... bytes) {
        byte[] other = file.clone();
        for (int i = 0; i < bytes.length; i++) {
            other[at + i] = (byte) bytes[i];
        }
        return other;
    }

    /** Names the case in test reports. */
    @Override
    public String toString() {
        return isInSet() ? name : why;
    }
}
