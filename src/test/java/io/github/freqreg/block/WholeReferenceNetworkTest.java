package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.TestModels;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.execution.Strategy;
import io.github.freqreg.nn.ReferenceBatch;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.LayerType;
import org.junit.jupiter.api.Test;

/** A network of references is wrapped whole if its scales and shifts are. */
@UsesEngine
class WholeReferenceNetworkTest {

    private static final Shape INPUT = new Shape(4, 3, 8, 8);

    private final NDManager manager;

    WholeReferenceNetworkTest(NDManager manager) {
        this.manager = manager;
    }

    private FrequencyBlock wrapped(FrequencyRegularizationBuilder policy) {
        Shape shape = new Shape(5, 3, 8, 8);
        ReferenceBatch references =
                new ReferenceBatch(shape, manager.randomNormal(shape).toFloatArray());
        Block network =
                references.network(
                        new SequentialBlock()
                                .add(TestModels.convolution(4))
                                .add(references.norm(4)));
        TestModels.initialize(network, manager, DataType.FLOAT32, INPUT);
        return assertInstanceOf(FrequencyBlock.class, policy.build().apply(network, INPUT));
    }

    private NDArray predict(Block network) {
        return TestModels.predict(network, manager, new NDList(manager.ones(INPUT))).head();
    }

    /** Weights that are not rebuilt are placeholders, whose elements are 0. */
    @Test
    void predictionsDoNotRebuildWeightsToSeeWhetherTheyHaveChanged() {
        FrequencyBlock network =
                wrapped(
                        FrequencyRegularization.builder()
                                .optBudget(40)
                                .optStrategy(Strategy.FACTORED));
        assertEquals(predict(network), predict(network));
        SpectralParameter weight =
                network.getSpectralParameters().stream()
                        .filter(each -> each.getShape().dimension() == 4)
                        .findFirst()
                        .orElseThrow();
        assertEquals(0, weight.getDense().getArray().abs().sum().getFloat());
    }

    /** After the first prediction, scales and shifts are not read any more. */
    @Test
    void scalesAndShiftsAloneCanBeRegularised() {
        FrequencyBlock network =
                wrapped(
                        FrequencyRegularization.builder()
                                .optKeepRate(1)
                                .optLayerTypes(LayerType.OTHER)
                                .optParameterTypes(Parameter.Type.GAMMA, Parameter.Type.BETA));
        assertEquals(predict(network), predict(network));
    }
}
