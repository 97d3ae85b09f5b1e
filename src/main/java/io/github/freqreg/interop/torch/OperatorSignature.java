package io.github.freqreg.interop.torch;

import static io.github.freqreg.interop.torch.TorchScriptOperator.CONVOLUTION;
import static io.github.freqreg.interop.torch.TorchScriptOperator.EMBEDDING;
import static io.github.freqreg.interop.torch.TorchScriptOperator.LINEAR;
import static io.github.freqreg.interop.torch.TorchScriptOperator.NORMALIZATION;
import static io.github.freqreg.interop.torch.TorchScriptOperator.RECURRENT;
import static io.github.freqreg.interop.torch.TorchScriptOperator.TRANSPOSED_CONVOLUTION;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which arguments of an operator of PyTorch are parameters of a layer.
 *
 * @param operator the kind of layer
 * @param arguments the positions of weights and biases
 */
record OperatorSignature(TorchScriptOperator operator, List<Integer> arguments) {

    private static final Map<String, OperatorSignature> SIGNATURES =
            Map.ofEntries(
                    of("conv1d", CONVOLUTION, 1, 2),
                    of("conv2d", CONVOLUTION, 1, 2),
                    of("conv3d", CONVOLUTION, 1, 2),
                    of("_convolution", CONVOLUTION, 1, 2),
                    of("convolution", CONVOLUTION, 1, 2),
                    of("_convolution_mode", CONVOLUTION, 1, 2),
                    of("conv_transpose1d", TRANSPOSED_CONVOLUTION, 1, 2),
                    of("conv_transpose2d", TRANSPOSED_CONVOLUTION, 1, 2),
                    of("conv_transpose3d", TRANSPOSED_CONVOLUTION, 1, 2),
                    of("linear", LINEAR, 1, 2),
                    of("matmul", LINEAR, 0, 1),
                    of("mm", LINEAR, 0, 1),
                    of("bmm", LINEAR, 0, 1),
                    of("addmm", LINEAR, 0, 1, 2),
                    of("baddbmm", LINEAR, 0, 1, 2),
                    of("einsum", LINEAR, 1),
                    // One fused layer of torch.nn: projections, then the feed-forward layers.
                    of("_native_multi_head_attention", LINEAR, 5, 6, 7, 8),
                    of("_transformer_encoder_layer_fwd", LINEAR, 3, 4, 5, 6, 14, 15, 16, 17),
                    of("embedding", EMBEDDING, 0),
                    of("embedding_bag", EMBEDDING, 0),
                    of("lstm", RECURRENT, 2, 3),
                    of("gru", RECURRENT, 2, 3),
                    of("rnn_tanh", RECURRENT, 2, 3),
                    of("rnn_relu", RECURRENT, 2, 3),
                    of("lstm_cell", RECURRENT, 2, 3, 4, 5),
                    of("gru_cell", RECURRENT, 2, 3, 4, 5),
                    of("rnn_tanh_cell", RECURRENT, 2, 3, 4, 5),
                    of("rnn_relu_cell", RECURRENT, 2, 3, 4, 5),
                    of("batch_norm", NORMALIZATION, 1, 2),
                    of("native_batch_norm", NORMALIZATION, 1, 2),
                    of("instance_norm", NORMALIZATION, 1, 2),
                    of("layer_norm", NORMALIZATION, 2, 3),
                    of("native_layer_norm", NORMALIZATION, 2, 3),
                    of("group_norm", NORMALIZATION, 2, 3),
                    of("rms_norm", NORMALIZATION, 2));

    /** Operators whose result is the first argument, in another layout or type. */
    private static final Set<String> VIEWS =
            Set.of(
                    "t",
                    "numpy_T",
                    "transpose",
                    "permute",
                    "detach",
                    "contiguous",
                    "clone",
                    "alias",
                    "to",
                    "float",
                    "half",
                    "type_as",
                    "view",
                    "reshape",
                    "flatten",
                    "squeeze",
                    "unsqueeze",
                    "expand",
                    "select",
                    "slice",
                    "narrow",
                    "chunk",
                    "split",
                    "unbind",
                    "_weight_norm");

    private static final String BUILT_IN = "torch.";

    /** The argument of a general convolution that says whether it is transposed. */
    private static final int TRANSPOSED = 6;

    private static Map.Entry<String, OperatorSignature> of(
            String name, TorchScriptOperator operator, Integer... arguments) {
        return Map.entry(name, new OperatorSignature(operator, List.of(arguments)));
    }

    /** Returns the signature of a function, if it is an operator with parameters. */
    static Optional<OperatorSignature> of(String function, List<?> arguments) {
        if (!function.startsWith(BUILT_IN)) {
            return Optional.empty();
        }
        String name = function.substring(BUILT_IN.length());
        boolean transposed =
                name.endsWith("convolution")
                        && arguments.size() > TRANSPOSED
                        && arguments.get(TRANSPOSED).equals(true);
        return Optional.ofNullable(SIGNATURES.get(transposed ? "conv_transpose2d" : name));
    }

    /** Returns whether the result of a function is its first argument in another layout or type. */
    static boolean isView(String function) {
        return function.startsWith(BUILT_IN)
                        && VIEWS.contains(function.substring(BUILT_IN.length()))
                || function.equals("ops.prim.data")
                || function.startsWith("ops.prim.unchecked");
    }
}
