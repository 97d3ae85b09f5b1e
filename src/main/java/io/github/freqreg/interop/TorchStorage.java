package io.github.freqreg.interop;

/**
 * A storage that a checkpoint's pickle declares: one entry of the archive.
 *
 * @param key the name of the entry
 * @param element the type of its elements
 * @param count the number of elements
 */
record TorchStorage(String key, Element element, long count) {

    /** The supported element types. */
    enum Element {
        FLOAT("torch FloatStorage", Float.BYTES),
        HALF("torch HalfStorage", Short.BYTES),
        LONG("torch LongStorage", Long.BYTES);

        private final String global;
        private final int bytes;

        Element(String global, int bytes) {
            this.global = global;
            this.bytes = bytes;
        }

        /** Returns the type's name in a pickle: module and class. */
        String global() {
            return global;
        }

        /** Returns the size of an element. */
        int bytes() {
            return bytes;
        }
    }
}
