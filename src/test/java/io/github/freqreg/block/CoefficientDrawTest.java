package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.training.initializer.TruncatedNormalInitializer;
import ai.djl.training.initializer.UniformInitializer;
import ai.djl.training.initializer.XavierInitializer;
import ai.djl.training.initializer.XavierInitializer.FactorType;
import ai.djl.training.initializer.XavierInitializer.RandomType;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.policy.FrequencyRegularization;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@UsesEngine
class CoefficientDrawTest {

    private static final Shape LARGE = new Shape(2048, 512);
    private static final Shape KERNELS = new Shape(256, 512, 3, 3);

    private final NDManager manager;

    CoefficientDrawTest(NDManager manager) {
        this.manager = manager;
    }

    static Stream<Initializer> plain() {
        List<Initializer> all = new ArrayList<>();
        for (RandomType random : RandomType.values()) {
            for (FactorType factor : FactorType.values()) {
                all.add(new XavierInitializer(random, factor, 3));
            }
        }
        all.add(new NormalInitializer(0.3f));
        all.add(new UniformInitializer(0.3f));
        all.add((there, shape, type) -> there.randomNormal(0, 2, shape, type));
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("plain")
    void theDeviationIsThatOfDrawnWeights(Initializer initializer) {
        TestModels.seed();
        for (Shape shape : List.of(LARGE, KERNELS)) {
            NDArray weights = initializer.initialize(manager, shape, DataType.FLOAT32);
            double expected = Math.sqrt(weights.square().mean().getFloat());
            CoefficientDraw draw = new CoefficientDraw(initializer);
            NDArray placeholder = draw.initialize(manager, shape, DataType.FLOAT32);
            double found = draw.deviation(placeholder).orElseThrow();
            assertEquals(expected, found, 3e-3 * expected);
            assertEquals(shape, placeholder.getShape());
            assertEquals(0, placeholder.sum().getFloat());
            // Weights that a block has set itself are not replaced.
            assertTrue(draw.deviation(weights).isEmpty());
        }
    }

    static Stream<Initializer> others() {
        return Stream.of(
                Initializer.ZEROS,
                Initializer.ONES,
                new ConstantInitializer(2),
                new TruncatedNormalInitializer(0.3f),
                (there, shape, type) -> there.randomNormal(1, 2, shape, type),
                (there, shape, type) -> there.randomUniform(0, 2, shape, type),
                (there, shape, type) -> there.randomNormal(0, 2, shape, type).mul(3),
                (there, shape, type) -> there.randomNormal(0, 2, new Shape(1), type),
                (there, shape, type) -> {
                    NDArray first = there.randomNormal(0, 2, shape, type);
                    NDArray second = there.randomNormal(0, 2, shape, type);
                    return first.mul(second);
                });
    }

    @ParameterizedTest
    @MethodSource("others")
    void otherWeightsAreDrawnDense(Initializer initializer) {
        CoefficientDraw draw = new CoefficientDraw(initializer);
        NDArray weights = draw.initialize(manager, LARGE, DataType.FLOAT32);
        assertTrue(draw.deviation(weights).isEmpty());
    }

    @Test
    void smallWeightsAreDrawnDense() {
        for (int rows : new int[] {1023, 1024}) {
            CoefficientDraw draw = new CoefficientDraw(new NormalInitializer());
            NDArray weights = draw.initialize(manager, new Shape(rows, 1024), DataType.FLOAT32);
            assertEquals(rows == 1024, draw.deviation(weights).isPresent());
        }
    }

    /** An initializer that does not use the given manager is asked once. */
    @Test
    void arraysOfAnotherManagerAreTaken() {
        List<NDArray> made = new ArrayList<>();
        CoefficientDraw draw =
                new CoefficientDraw(
                        (there, shape, type) -> {
                            made.add(manager.ones(shape, type));
                            return made.get(0);
                        });
        assertSame(draw.initialize(manager, LARGE, DataType.FLOAT32), made.get(0));
        assertEquals(1, made.size());
    }

    /** All coefficients of a layer are kept, so their energy is that of dense weights. */
    @Test
    void aLargeLayerStartsWithoutDenseWeights() {
        TestModels.seed();
        List<Shape> drawn = new ArrayList<>();
        Initializer counted =
                (there, shape, type) -> {
                    if (!Proxy.isProxyClass(there.getClass())) {
                        drawn.add(shape);
                    }
                    return there.randomNormal(0, 0.1f, shape, type);
                };
        Block layer = Linear.builder().setUnits(1024).build();
        layer.setInitializer(counted, Parameter.Type.WEIGHT);
        Block wrapped = FrequencyRegularization.builder().optKeepRate(1).build().apply(layer);
        wrapped.initialize(manager, DataType.FLOAT32, new Shape(1, 1024));
        Parameter weight = wrapped.getParameters().get("weight");
        assertEquals(List.of(), drawn);
        assertSame(counted, weight.getInitializer());
        assertEquals(new Shape(1024 * 1024), weight.getArray().getShape());
        assertEquals(0.1, Math.sqrt(weight.getArray().square().mean().getFloat()), 3e-4);
        NDArray rebuilt = FrequencyBlocks.toDense(wrapped).getParameters().get("weight").getArray();
        assertEquals(new Shape(1024, 1024), rebuilt.getShape());
        assertEquals(0.1, Math.sqrt(rebuilt.square().mean().getFloat()), 3e-4);
    }
}
