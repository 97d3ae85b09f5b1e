package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Compares with distances computed by hand. */
class FrechetDistanceTest {

    private static final double[][] POINTS = points();

    private static double[][] points() {
        Random random = new Random(4);
        double[][] points = new double[50][6];
        for (double[] point : points) {
            double common = random.nextGaussian();
            Arrays.setAll(point, i -> i * common + random.nextGaussian());
        }
        return points;
    }

    private static double[][] mapped(double factor, double shift) {
        return Arrays.stream(POINTS)
                .map(point -> Arrays.stream(point).map(x -> factor * x + shift).toArray())
                .toArray(double[][]::new);
    }

    @Test
    void isZeroToItself() {
        assertEquals(0, FrechetDistance.between(POINTS, POINTS), 1e-9);
    }

    @Test
    void ofShiftedPointsIsTheShiftSquared() {
        assertEquals(6 * 0.25, FrechetDistance.between(POINTS, mapped(1, 0.5)), 1e-9);
    }

    /** With equal means, the distance of Σ and s²Σ is (1 - s)² tr Σ. */
    @Test
    void ofSpreadPointsIsThatOfTheirSpreads() {
        double expected = 0;
        for (int i = 0; i < 6; i++) {
            int axis = i;
            double mean = Arrays.stream(POINTS).mapToDouble(p -> p[axis]).average().orElseThrow();
            expected += mean * mean;
            for (double[] point : POINTS) {
                expected += Math.pow(point[axis] - mean, 2) / (POINTS.length - 1);
            }
        }
        assertEquals(4 * expected, FrechetDistance.between(POINTS, mapped(3, 0)), 1e-8);
    }

    /** Σ₁ = [[2, 0], [0, 0]] and Σ₂ = [[1, 1], [1, 1]] do not commute; tr (Σ₁^½ Σ₂ Σ₁^½)^½ = √2. */
    @Test
    void ofCovariancesThatDoNotCommute() {
        double[][] one = {{1, 0}, {-1, 0}};
        double half = Math.sqrt(0.5);
        double[][] other = {{half, half}, {-half, -half}};
        assertEquals(2 + 2 - 2 * Math.sqrt(2), FrechetDistance.between(one, other), 1e-9);
    }

    /** A network may make the same image from all noise. */
    @Test
    void ofEqualPointsIsFinite() {
        double[][] equal = new double[300][];
        for (int i = 0; i < equal.length; i++) {
            equal[i] = new Random(1).doubles(100, 0, 3).toArray();
            equal[i][i % 100] *= 1 + 1e-15 * i;
        }
        assertEquals(0, FrechetDistance.between(equal, equal), 1e-9);
    }
}
