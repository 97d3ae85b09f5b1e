package io.github.freqreg.training;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.translate.TranslateException;
import io.github.freqreg.file.Allocation;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Sensitivity;
import io.github.freqreg.format.FrqDocument;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The part of a {@link Compressor} that needs no training set: rounds and truncates a trained
 * network.
 *
 * @param state the model
 * @param settings whether the file has names
 * @param validation measures networks; needed for an allowed loss
 * @param inputs unlabelled inputs, or none
 */
record Rounding(
        ModelState state,
        CompressorSettings settings,
        Optional<Validation> validation,
        List<NDList> inputs) {

    /** Rounds the network. */
    Compressed run(Goal goal) throws IOException, TranslateException, MalformedModelException {
        if (state.dense().isEmpty()) {
            throw new IllegalStateException(
                    "The network of "
                            + state.model().getName()
                            + " is not initialised, and there is no training set to train it with:"
                            + " call optTrainingSet");
        }
        OptionalDouble reference = measure();
        state.wrapAll();
        Map<String, Double> sensitivities =
                inputs.isEmpty() ? Map.of() : Sensitivity.of(state.block(), inputs);
        FrqDocument whole = state.copy();
        List<String> log = new ArrayList<>();
        long bytes;
        if (goal instanceof Goal.Bytes its) {
            bytes = its.bytes();
        } else {
            double allowed = ((Goal.AllowedLoss) goal).loss();
            bytes = smallest(allowed, reference.orElseThrow(), whole, sensitivities, log);
        }
        state.load(whole);
        round(bytes, sensitivities);
        FrqDocument document = FrequencyFile.toDocument(state.block());
        return new Compressed(
                settings.names() ? document : document.withoutNames(),
                state.block(),
                reference,
                measure(),
                log,
                settings.metrics());
    }

    private OptionalDouble measure() throws IOException, TranslateException {
        Block block = state.block();
        NDManager manager = state.model().getNDManager();
        return validation.isPresent()
                ? OptionalDouble.of(validation.get().measure(block, manager))
                : OptionalDouble.empty();
    }

    private void round(long bytes, Map<String, Double> sensitivities) {
        Allocation.fit(state.block(), bytes, settings.names(), sensitivities)
                .roundIn(state.block());
    }

    private long smallest(
            double allowed,
            double reference,
            FrqDocument whole,
            Map<String, Double> sensitivities,
            List<String> log)
            throws IOException, TranslateException, MalformedModelException {
        FileSizeSearch search = new FileSizeSearch(Float.BYTES * state.denseNumbers());
        List<FileSizeSearch.Attempt> attempts = new ArrayList<>();
        search.run(
                attempts,
                settings::isStopped,
                bytes -> {
                    state.load(whole);
                    round(bytes, sensitivities);
                    double loss = validation.orElseThrow().loss(reference, measure().orElseThrow());
                    log.add(String.format(Locale.ROOT, "%,d bytes: loss %.4f", bytes, loss));
                    return loss <= allowed;
                },
                log::add);
        return FileSizeSearch.smallest(attempts)
                .orElseThrow(() -> FileSizeSearch.nothingFound(allowed, settings.isStopped(), log));
    }
}
