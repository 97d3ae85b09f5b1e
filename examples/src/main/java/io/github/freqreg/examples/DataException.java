package io.github.freqreg.examples;

/** Input that cannot be used: one line says what was found and what was expected. */
final class DataException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DataException(String message) {
        super(message);
    }

    DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
