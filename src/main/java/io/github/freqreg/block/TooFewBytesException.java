package io.github.freqreg.block;

import io.github.freqreg.Internal;

/**
 * Says that a network does not fit a number of bytes. A search for the smallest file goes on with
 * more bytes after it, and ends at any other error.
 */
@Internal
public final class TooFewBytesException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    /**
     * Creates the exception.
     *
     * @param message says what needs how many bytes
     */
    public TooFewBytesException(String message) {
        super(message);
    }

    /**
     * Creates the exception of a file that cannot be so small.
     *
     * @param least the size of the smallest file of the network
     * @param bytes the allowed size
     * @param advice what to do, or what takes most of the bytes
     * @return the exception
     */
    public static TooFewBytesException ofFile(long least, long bytes, String advice) {
        return new TooFewBytesException(
                "A file of this network has at least "
                        + least
                        + " bytes, but only "
                        + bytes
                        + " are allowed"
                        + advice);
    }
}
