package io.github.freqreg.examples.data;

/** Thrown for input that cannot be used. The message is one line: what was expected and found. */
public final class DataException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception.
     *
     * @param message what was expected and what was found
     */
    public DataException(String message) {
        super(message);
    }

    /**
     * Creates an exception.
     *
     * @param message what was expected and what was found
     * @param cause the exception that reported the problem
     */
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Makes an exception with the message of its cause.
     *
     * @param cause the exception that reported it
     */
    DataException(Exception cause) {
        super(cause.getMessage(), cause);
    }
}
