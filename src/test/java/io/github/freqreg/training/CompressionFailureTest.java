package io.github.freqreg.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.block.FrequencyBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a model and of a search when a compression fails or is stopped. */
@UsesEngine
class CompressionFailureTest {

    private static final Shape INPUT = new Shape(1, 1, 12, 12);

    private final NDManager manager;

    CompressionFailureTest(NDManager manager) {
        this.manager = manager;
    }

    private static Block network() {
        return new SequentialBlock()
                .add(Blocks.batchFlattenBlock())
                .add(TestModels.linear(40))
                .add(TestModels.linear(4));
    }

    private static Model fresh() {
        Model model = Model.newInstance("fresh");
        model.setBlock(network());
        return model;
    }

    private CompressorBuilder compressor(NetworkMeasure measure) {
        return Compressor.builder()
                .optTrainingSet(CompressorTest.bars(manager, 64, 1, 1))
                .optMeasure(measure)
                .optEpochs(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFreshModelIsFreshAgain(boolean search) {
        CompressorBuilder failing =
                compressor(
                        (block, manager) -> {
                            throw new UnsupportedOperationException("cannot measure");
                        });
        Compressor compressor =
                (search ? failing.setAllowedLoss(0.1) : failing.setBytes(500)).build();
        try (Model model = fresh()) {
            model.getBlock().getChildren().valueAt(1).freezeParameters(true);
            for (int i = 0; i < 2; i++) {
                assertThrows(
                        UnsupportedOperationException.class,
                        () -> compressor.compress(model, INPUT));
                assertFalse(FrequencyBlocks.isWrapped(model.getBlock()));
                assertFalse(model.getBlock().isInitialized());
            }
        }
    }

    /** Only a network that does not fit is tried again with more bytes. */
    @Test
    void anErrorOfTheMeasureEndsTheSearch() {
        AtomicInteger measured = new AtomicInteger();
        Compressor compressor =
                compressor(
                                (block, manager) -> {
                                    if (measured.getAndIncrement() > 0) {
                                        throw new IllegalArgumentException("no such label");
                                    }
                                    return 1;
                                })
                        .setAllowedLoss(0.1)
                        .build();
        try (Model model = TestModels.model(network(), INPUT)) {
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> compressor.compress(model, INPUT));
            assertEquals("no such label", e.getMessage());
            assertEquals(2, measured.get());
        }
    }

    @Test
    void aSearchThatIsStoppedTooEarlySaysSo() {
        Compressor[] stopping = new Compressor[1];
        stopping[0] =
                compressor(
                                (block, manager) -> {
                                    stopping[0].stop();
                                    return 1;
                                })
                        .setAllowedLoss(0.1)
                        .build();
        try (Model model = TestModels.model(network(), INPUT)) {
            IllegalStateException e =
                    assertThrows(
                            IllegalStateException.class, () -> stopping[0].compress(model, INPUT));
            assertTrue(e.getMessage().contains("was stopped before"), e.getMessage());
        }
    }

    @Test
    void sizesAreBisectedBetweenFailureAndSuccess() throws Exception {
        FileSizeSearch search = new FileSizeSearch(16_000);
        List<FileSizeSearch.Attempt> attempts = new ArrayList<>();
        search.run(attempts, () -> false, bytes -> bytes >= 300, line -> {});
        assertEquals(
                List.of(1_000L, 250L, 500L, 354L, 297L),
                attempts.stream().map(FileSizeSearch.Attempt::bytes).toList());
        assertEquals(354, FileSizeSearch.smallest(attempts).orElseThrow());
    }

    @Test
    void sizesGrowToHalfTheDenseSizeWhileNoneSucceeds() throws Exception {
        FileSizeSearch search = new FileSizeSearch(16_000);
        List<FileSizeSearch.Attempt> attempts = new ArrayList<>();
        search.run(attempts, () -> false, bytes -> false, line -> {});
        assertEquals(
                List.of(1_000L, 2_000L, 4_000L, 8_000L),
                attempts.stream().map(FileSizeSearch.Attempt::bytes).toList());
    }
}
