package io.github.freqreg.examples.data;

import ai.djl.ndarray.NDList;

/**
 * A batch of examples.
 *
 * @param data the inputs of the network
 * @param labels the targets that its outputs are compared with
 */
public record Example(NDList data, NDList labels) {}
