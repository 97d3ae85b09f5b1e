package io.github.freqreg.file;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.freqreg.block.NetworkTensor;
import io.github.freqreg.block.NetworkTensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Measures with unlabelled inputs how strongly the outputs of a network react to the coefficients
 * of each tensor.
 *
 * <p>For random signs u, the gradient of {@code Σ u · f(x)} by a coefficient has the mean square
 * {@code Σ (∂f/∂c)²}: the squared change of the outputs by a small change of the coefficient. The
 * sensitivity s_t is the mean over the coefficients of a tensor and over batches.
 *
 * <p>The network is unchanged afterwards: the passes are training passes, whose changes of running
 * statistics are undone, and gradients are set to zero. As batch normalisation then uses the
 * statistics of the batch, batches should have several examples.
 *
 * <p>A bias before batch normalisation does not change the outputs of such a pass, as the mean of
 * the batch is subtracted, but it does change those of inference. What is measured of it is
 * rounding errors, and its sensitivity counts as unknown.
 */
public final class Sensitivity {

    private static final int SEED = 19;

    /** Gradients that are rounding errors of float32 have squares below this share. */
    private static final double NEGLIGIBLE = 1e-10;

    private static final NDIndex ALL = new NDIndex("...");

    private Sensitivity() {}

    /**
     * Measures the sensitivities of a network.
     *
     * <p>No other gradient collector may be open.
     *
     * @param block the network, wrapped and initialised
     * @param inputs batches of inputs, at least one
     * @return s_t of all wrapped tensors by name, for {@link Allocation#fit}; 0 if it is unknown
     * @throws IllegalArgumentException if there are no inputs
     * @throws IllegalStateException if the network is not initialised
     */
    public static Map<String, Double> of(Block block, List<NDList> inputs) {
        NetworkWriter.checkInitialized(block);
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("Expected at least one batch of inputs");
        }
        List<NetworkTensor> tensors = NetworkTensors.of(block);
        List<Runnable> undo = new ArrayList<>();
        try {
            tensors.forEach(tensor -> prepare(tensor, undo));
            Map<String, Double> sums = new LinkedHashMap<>();
            Random random = new Random(SEED);
            for (NDList batch : inputs) {
                addSquares(block, batch, random, tensors, sums);
            }
            double largest = sums.values().stream().mapToDouble(sum -> sum).max().orElse(0);
            sums.replaceAll((name, sum) -> sum < NEGLIGIBLE * largest ? 0 : sum / inputs.size());
            return sums;
        } finally {
            undo.forEach(Runnable::run);
        }
    }

    /** Lets coefficients have gradients, and remembers how to restore the network. */
    private static void prepare(NetworkTensor tensor, List<Runnable> undo) {
        NDArray array = tensor.parameter().getArray();
        if (tensor.isRunningStatistic()) {
            float[] before = TensorElements.of(tensor);
            undo.add(() -> restore(array, before));
        } else if (tensor.spectral().isPresent()) {
            boolean before = array.hasGradient();
            array.setRequiresGradient(true);
            undo.add(() -> array.setRequiresGradient(before));
        }
    }

    private static void restore(NDArray array, float[] values) {
        try (NDManager scratch = array.getManager().newSubManager(array.getDevice())) {
            NDArray before = scratch.create(values).reshape(array.getShape());
            array.set(ALL, before.toType(array.getDataType(), false));
        }
    }

    private static void addSquares(
            Block block,
            NDList batch,
            Random random,
            List<NetworkTensor> tensors,
            Map<String, Double> sums) {
        try (NDManager scratch = batch.getManager().newSubManager()) {
            NDList inputs = new NDList();
            for (NDArray input : batch) {
                NDArray copy = input.duplicate();
                copy.setName(input.getName());
                copy.attach(scratch);
                inputs.add(copy);
            }
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDList outputs = block.forward(new ParameterStore(scratch, false), inputs, true);
                @Nullable NDArray total = null;
                for (NDArray output : outputs) {
                    if (output.getDataType().isFloating()) {
                        NDArray product = output.mul(signs(output, random, scratch)).sum();
                        total = total == null ? product : total.add(product);
                    }
                }
                if (total == null) {
                    throw new IllegalArgumentException("The network has no floating point output");
                }
                collector.backward(total);
            }
            for (NetworkTensor tensor : tensors) {
                if (tensor.spectral().isPresent()) {
                    sums.merge(tensor.name(), meanSquare(tensor), Double::sum);
                }
            }
        }
    }

    private static NDArray signs(NDArray output, Random random, NDManager scratch) {
        float[] signs = new float[Math.toIntExact(output.size())];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = random.nextBoolean() ? 1 : -1;
        }
        return scratch.create(signs)
                .reshape(output.getShape())
                .toType(output.getDataType(), false)
                .toDevice(output.getDevice(), false);
    }

    private static double meanSquare(NetworkTensor tensor) {
        NDArray array = tensor.parameter().getArray();
        int kept = tensor.spectral().orElseThrow().getKept();
        try (NDArray gradient = array.getGradient();
                NDArray floats = gradient.toType(DataType.FLOAT32, true)) {
            float[] values = floats.toFloatArray();
            // Those of a truncated tail are 0.
            double root = Quantization.rootMeanSquare(values);
            return root * root * values.length / kept;
        } finally {
            zeroGradient(array);
        }
    }

    private static void zeroGradient(NDArray array) {
        try (NDArray gradient = array.getGradient()) {
            gradient.subi(gradient);
        }
    }
}
