package io.github.freqreg.interop.torch;

/** The kinds of operator that take parameters in a TorchScript network, by their layers. */
public enum TorchScriptOperator {
    /** {@code conv1d}, {@code conv2d}, {@code conv3d}; weights (outputs, inputs / groups, …). */
    CONVOLUTION,
    /** {@code conv_transpose1d} to {@code 3d}; weights (inputs, outputs / groups, …). */
    TRANSPOSED_CONVOLUTION,
    /** {@code linear} and matrix products. */
    LINEAR,
    /** {@code embedding} and {@code embedding_bag}; weights (tokens, features). */
    EMBEDDING,
    /** {@code lstm}, {@code gru}, {@code rnn_tanh}, {@code rnn_relu} and their cells. */
    RECURRENT,
    /** Batch, layer, group, instance and root-mean-square normalisation. */
    NORMALIZATION
}
