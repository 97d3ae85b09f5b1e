package io.github.freqreg.examples.tasks;

import io.github.freqreg.format.FrqDocument;
import java.util.List;
import java.util.Optional;

/**
 * The outcome of a training.
 *
 * @param epochs the figures of each epoch; after a resume, of the resumed epochs only
 * @param file the content of the best file; empty without a limit on its size
 */
public record Trained(List<Epoch> epochs, Optional<FrqDocument> file) {}
