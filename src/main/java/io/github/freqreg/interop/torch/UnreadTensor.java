package io.github.freqreg.interop.torch;

/**
 * A tensor of a checkpoint that cannot be read, which is no error unless it belongs to the network.
 *
 * @param type what is not supported, in PyTorch's words
 */
record UnreadTensor(String type) {}
