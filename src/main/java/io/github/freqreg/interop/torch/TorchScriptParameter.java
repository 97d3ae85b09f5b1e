package io.github.freqreg.interop.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;

/**
 * A parameter or buffer of a TorchScript network.
 *
 * <p>A value class.
 *
 * @param name the names of its modules and its own, separated by dots, as DJL shows it
 * @param shape the shape
 * @param type the data type; {@link DataType#UNKNOWN} if DJL has none for it
 * @param tiedTo the first name of the same tensor, if it has an earlier one
 * @param operator the first operator that takes it as a weight or bias, if one is known
 */
public record TorchScriptParameter(
        String name,
        Shape shape,
        DataType type,
        Optional<String> tiedTo,
        Optional<TorchScriptOperator> operator) {}
