package io.github.freqreg.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import io.github.freqreg.UsesEngine;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The kept number of one tensor, from its start to the end of truncation. */
@UsesEngine
class SpectralParameterTest {

    private static final Shape SHAPE = new Shape(7, 1, 5);
    private static final int START = 31;
    private static final int TARGET = 6;

    private final NDManager manager;
    private final SpectralParameter tensor;

    SpectralParameterTest(NDManager manager) {
        this.manager = manager;
        Parameter weight =
                Parameter.builder().setName("weight").setType(Parameter.Type.WEIGHT).build();
        weight.setShape(SHAPE);
        weight.setInitializer(new NormalInitializer(1));
        weight.initialize(manager, DataType.FLOAT32);
        TensorSpec spec = new TensorSpec(START, TARGET, FrequencyAxes.OWN, 0, 1);
        tensor =
                new SpectralParameter(
                        "01Linear_weight",
                        new DenseTensor(weight, List.of()),
                        shape -> spec,
                        false);
        tensor.project(false);
    }

    private long stored() {
        return tensor.getCoefficients().getArray().size();
    }

    private int truncated(double remaining) {
        tensor.truncate(remaining);
        return tensor.getKept();
    }

    @Test
    void truncationKeepsAShareOfTheStartButAtLeastTheTarget() {
        float[] all = tensor.toTensor().coefficients();
        assertEquals(START, all.length);
        assertEquals(START, truncated(1));
        assertEquals(28, truncated(0.9));
        assertEquals(16, truncated(0.5));
        assertArrayEquals(Arrays.copyOf(all, 16), tensor.toTensor().coefficients());
        assertEquals(8, truncated(0.26));
        assertEquals(TARGET, truncated(0));
        assertArrayEquals(Arrays.copyOf(all, TARGET), tensor.toTensor().coefficients());
    }

    @Test
    void truncationNeverGrowsATensor() {
        assertEquals(16, truncated(0.5));
        assertEquals(16, truncated(0.77));
        assertEquals(16, truncated(1));
        assertEquals(TARGET, truncated(0));
        assertEquals(TARGET, truncated(1));
    }

    @Test
    void sharesRemainThoseOfTheStartAfterCompacting() {
        truncated(0.5);
        assertEquals(START, stored());
        tensor.compact();
        assertEquals(16, stored());
        assertEquals(8, truncated(0.25));
        tensor.compact();
        assertEquals(8, stored());
    }

    /** Coefficients of a file may be fewer or more than the policy starts with. */
    @Test
    void sharesOfLoadedCoefficientsAreThoseOfTheLargerStart() {
        tensor.setCoefficients(manager.ones(new Shape(10)), 10);
        assertEquals(10, truncated(0.5));
        assertEquals(8, truncated(0.25));
        tensor.setCoefficients(manager.ones(new Shape(35)), 35);
        assertEquals(18, truncated(0.5));
    }

    /** A file of fewer coefficients than the target stays as small as it is. */
    @Test
    void truncationLeavesATensorBelowItsTargetAlone() {
        tensor.setCoefficients(manager.ones(new Shape(3)), 3);
        assertEquals(3, truncated(0));
        assertEquals(3, truncated(1));
    }

    @Test
    void inferenceWeightsFollowTruncationAndSteps() {
        NDArray coefficients = tensor.getCoefficients().getArray();
        float[] exact = tensor.weights(coefficients).toFloatArray();
        tensor.setStep(0.5f);
        float[] rounded = tensor.weights(coefficients).toFloatArray();
        assertFalse(Arrays.equals(exact, rounded));
        assertArrayEquals(tensor.copyWeights(manager).toFloatArray(), rounded);
        tensor.setStep(0);
        assertArrayEquals(exact, tensor.weights(coefficients).toFloatArray());
        tensor.truncate(0.5);
        float[] fewer = tensor.weights(coefficients).toFloatArray();
        assertFalse(Arrays.equals(exact, fewer));
        assertArrayEquals(tensor.copyWeights(manager).toFloatArray(), fewer);
    }

    /** The weights are rebuilt into one array, so that predictions do not leak. */
    @Test
    void inferenceWeightsAreOneArray() {
        NDArray first = tensor.weights(tensor.getCoefficients().getArray());
        assertSame(first, tensor.getDense().getArray());
        int arrays = manager.getManagedArrays().size();
        for (int i = 1; i < 5; i++) {
            tensor.setStep(i);
            assertSame(first, tensor.weights(tensor.getCoefficients().getArray()));
        }
        assertEquals(arrays, manager.getManagedArrays().size());
        assertEquals(SHAPE, first.getShape());
    }
}
