package io.github.freqreg.policy;

import static io.github.freqreg.Messages.assertContains;
import static io.github.freqreg.policy.SmallNetwork.policy;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Invalid arguments of the builder. */
class FrequencyRegularizationBuilderTest {

    static Stream<Arguments> invalidArguments() {
        return Stream.of(
                invalid(b -> b.optKeepRate(0), "0.0", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(-0.5), "-0.5", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(2), "2.0", "above 0 and at most 1"),
                invalid(b -> b.optKeepRate(Double.NaN), "NaN", "above 0 and at most 1"),
                invalid(b -> b.optStartRate(0), "0.0", "above 0 and at most 1"),
                invalid(b -> b.optStartRate(Double.NaN), "NaN", "above 0 and at most 1"),
                invalid(b -> b.addOverrideRate("a", 1.5), "1.5", "above 0 and at most 1"),
                invalid(b -> b.optKept(0), "0", "1 or more"),
                invalid(b -> b.optKept(-3), "-3", "1 or more"),
                invalid(b -> b.addOverrideKept("a", 0), "0", "1 or more"),
                invalid(b -> b.optBudget(0), "0", "1 or more"),
                invalid(b -> b.optBalancedStart(-1), "-1", "0 to 1000"),
                invalid(b -> b.optBalancedStart(1001), "1001", "0 to 1000"),
                invalid(b -> b.optLayerTypes().build(), "layer type"),
                invalid(b -> b.optParameterTypes().build(), "parameter type"));
    }

    private static Arguments invalid(
            Consumer<FrequencyRegularizationBuilder> call, String... words) {
        return Arguments.of(call, words);
    }

    @ParameterizedTest
    @MethodSource("invalidArguments")
    void invalidArgumentIsRejectedWithItsRange(
            Consumer<FrequencyRegularizationBuilder> call, String... words) {
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> call.accept(policy()));
        assertContains(failure, words);
    }
}
