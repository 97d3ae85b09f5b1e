package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static io.github.freqreg.policy.SmallNetwork.kept;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static io.github.freqreg.policy.SmallNetwork.small;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;

/** Applying a policy to a network. */
class FrequencyRegularizationTest {

    @Test
    void policyCannotBeAppliedTwice() {
        try (Model model = small()) {
            FrequencyRegularization policy = policy().optKept(9).build();
            policy.apply(model);
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> policy.apply(model));
            assertContains(failure, "already", "Conv2d");
            for (TensorChoice choice : policy.plan(model.getBlock())) {
                assertFalse(choice.regularized());
                assertContains(choice.reason(), "already");
            }
        }
    }

    @Test
    void modelWithoutABlockIsRejected() {
        try (Model model = Model.newInstance("bare")) {
            IllegalStateException failure =
                    assertThrows(IllegalStateException.class, () -> policy().build().apply(model));
            assertContains(failure, "bare", "setBlock");
        }
    }

    @Test
    void applyLogsHowMuchWasWrapped() throws ReflectiveOperationException {
        FrequencyRegularization policy = policy().optKept(9).optStartRate(1).build();
        assertContains(
                logged(() -> policy.apply(TestModels.smallNetwork(), TestModels.SMALL_INPUT)),
                "Wrapped 3 of 6 tensors of the SequentialBlock: 804 numbers become 804"
                        + " coefficients, and 27 by truncation");
        assertContains(
                logged(() -> policy.apply(TestModels.smallNetwork())),
                "Wrapped 3 of 6 tensors of the SequentialBlock, whose shapes are not known yet");
    }

    /** The one line that is logged at level INFO. */
    private static String logged(Runnable apply) throws ReflectiveOperationException {
        Logger logger = LoggerFactory.getLogger(FrequencyRegularization.class);
        Field level = logger.getClass().getDeclaredField("currentLogLevel");
        level.setAccessible(true);
        Object before = level.get(logger);
        PrintStream error = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            level.set(logger, LocationAwareLogger.INFO_INT);
            System.setErr(captured);
            apply.run();
        } finally {
            System.setErr(error);
            level.set(logger, before);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertEquals(1, text.lines().count(), text);
        return text;
    }

    @Test
    void policyCanBeAppliedAgainAfterToDense() {
        try (Model model = small()) {
            policy().optKept(9).build().apply(model);
            FrequencyBlocks.toDense(model);
            policy().optKept(5).build().apply(model);
            assertEquals(List.of(5, 5, 5), kept(model.getBlock()));
        }
    }

    @Test
    void policyThatChoosesNothingIsRejected() {
        FrequencyRegularization policy = policy().optInclude("no such name").build();
        IllegalArgumentException failure =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> policy.apply(TestModels.smallNetwork()));
        assertContains(failure, "no tensor", "01Conv2d_weight", "does not match no such name");
    }
}
