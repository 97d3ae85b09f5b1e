package io.github.freqreg.interop.torch;

/**
 * A class, function or object of a pickle of which nothing is kept but the name.
 *
 * <p>Training scripts save such values beside the weights, for example the parsed arguments. They
 * are equal only to themselves.
 */
final class PickledObject {

    private final String type;

    PickledObject(String type) {
        this.type = type;
    }

    /** Returns the name: module and class, separated by a dot. */
    String type() {
        return type;
    }
}
