package io.github.freqreg;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.Optional;

/** A square linear layer that shares its weight with another layer. */
public final class TiedLayer extends AbstractBlock {

    private final Parameter weight;
    private final Optional<Parameter> bias;

    private TiedLayer(Parameter weight, Optional<Parameter> bias) {
        this.weight = addParameter(weight);
        this.bias = bias;
        bias.ifPresent(this::addParameter);
    }

    /** Two layers with one weight, and tanh between them. */
    public static SequentialBlock pair() {
        Parameter weight = parameter("weight", Parameter.Type.WEIGHT);
        return pair(
                new TiedLayer(weight, Optional.empty()), new TiedLayer(weight, Optional.empty()));
    }

    /** Two layers with one weight but each with its own bias, and tanh between them. */
    public static SequentialBlock pairWithBiases() {
        Parameter weight = parameter("weight", Parameter.Type.WEIGHT);
        return pair(
                new TiedLayer(weight, Optional.of(parameter("bias", Parameter.Type.BIAS))),
                new TiedLayer(weight, Optional.of(parameter("bias", Parameter.Type.BIAS))));
    }

    /**
     * The same with two weight parameters that hold one array of 6×6 numbers, and a bias each. The
     * biases are not initialised.
     */
    public static SequentialBlock pairOfOneArray(NDManager manager) {
        float[] values = new float[36];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i * i);
        }
        NDArray array = manager.create(values, new Shape(6, 6));
        TiedLayer[] layers = new TiedLayer[2];
        for (int i = 0; i < 2; i++) {
            Parameter weight = parameter("weight", Parameter.Type.WEIGHT);
            weight.setArray(array);
            layers[i] = new TiedLayer(weight, Optional.of(parameter("bias", Parameter.Type.BIAS)));
        }
        return pair(layers[0], layers[1]);
    }

    private static SequentialBlock pair(TiedLayer first, TiedLayer second) {
        return new SequentialBlock().add(first).add(Activation.tanhBlock()).add(second);
    }

    private static Parameter parameter(String name, Parameter.Type type) {
        return Parameter.builder().setName(name).setType(type).build();
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore store,
            NDList inputs,
            boolean training,
            PairList<String, Object> params) {
        NDArray input = inputs.singletonOrThrow();
        Device device = input.getDevice();
        NDArray weights = store.getValue(weight, device, training);
        return bias.isPresent()
                ? Linear.linear(input, weights, store.getValue(bias.get(), device, training))
                : Linear.linear(input, weights);
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        long size = inputShapes[0].get(1);
        if (!weight.isInitialized()) {
            weight.setShape(new Shape(size, size));
        }
        bias.ifPresent(each -> each.setShape(new Shape(size)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return inputShapes;
    }
}
