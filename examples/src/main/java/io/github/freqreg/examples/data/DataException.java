package io.github.freqreg.examples.data;

/** Input that cannot be used: one line says what was found and what was expected. */
public final class DataException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message what was found and what was expected
     */
    public DataException(String message) {
        super(message);
    }

    /**
     * Makes an exception.
     *
     * @param message what was found and what was expected
     * @param cause the exception that reported it
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
