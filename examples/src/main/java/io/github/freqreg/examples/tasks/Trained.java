package io.github.freqreg.examples.tasks;

import io.github.freqreg.file.Quantization;
import java.util.List;
import java.util.Optional;

/**
 * The outcome of a training.
 *
 * @param epochs those that were trained, after a resume the last ones only
 * @param quantization the quantisation steps of the numbers, if a size limit asked for them
 */
public record Trained(List<Epoch> epochs, Optional<Quantization> quantization) {}
