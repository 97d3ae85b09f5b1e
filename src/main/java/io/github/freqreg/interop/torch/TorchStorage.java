package io.github.freqreg.interop.torch;

/**
 * A storage that a checkpoint's pickle declares: one entry of the archive.
 *
 * @param key the name of the entry
 * @param element the type of its elements
 * @param bytes the size
 */
record TorchStorage(String key, TorchElement element, long bytes) {

    /** Returns the number of whole elements. */
    long count() {
        return bytes / element.bytes();
    }

    /** Returns the same bytes as elements of another type. */
    TorchStorage as(TorchElement other) {
        return new TorchStorage(key, other, bytes);
    }
}
