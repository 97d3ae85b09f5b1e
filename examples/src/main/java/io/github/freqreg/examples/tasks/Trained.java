package io.github.freqreg.examples.tasks;

import io.github.freqreg.file.Quantization;
import java.util.List;
import java.util.Optional;

/**
 * The outcome of a training.
 *
 * @param epochs the figures of each epoch; after a resume, of the resumed epochs only
 * @param quantization the quantisation steps of all tensors; empty without a limit on the size of
 *     the file
 */
public record Trained(List<Epoch> epochs, Optional<Quantization> quantization) {}
