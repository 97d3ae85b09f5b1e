package io.github.freqreg.block;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Initialises large tensors by drawing their coefficients, so that dense weights are never drawn.
 *
 * <p>Independent weights of mean 0 and variance v have uncorrelated coefficients of mean 0 and
 * variance v, because the transform is orthonormal. Each is a sum of very many weights and
 * therefore close to normally distributed, whatever the distribution of the weights.
 *
 * <p>This needs an initializer that only draws all weights from one normal or uniform distribution
 * of mean 0, as most of DJL's do. It is found out by running the initializer with a manager that
 * records what is drawn. With any other initializer, and for small tensors, dense weights are
 * drawn.
 */
final class CoefficientDraw implements Initializer {

    /** Tensors with fewer elements are drawn dense: it takes them little memory and time. */
    private static final long LARGE = 1 << 20;

    private final Initializer initializer;
    private @Nullable NDArray placeholder;
    private double deviation;

    /**
     * Replaces an initializer.
     *
     * @param initializer of the dense weights
     */
    CoefficientDraw(Initializer initializer) {
        this.initializer = initializer;
    }

    /** Returns dense weights, or a placeholder if coefficients are to be drawn. */
    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType type) {
        if (shape.size() < LARGE) {
            return initializer.initialize(manager, shape, type);
        }
        Recorder recorder = new Recorder(shape);
        NDArray drawn;
        try {
            drawn = initializer.initialize(recorder.manager(), shape, type);
        } catch (RuntimeException e) {
            // It does something else; if that is an error, drawing dense weights will show it.
            return initializer.initialize(manager, shape, type);
        }
        if (drawn != null) {
            // It has a manager of its own.
            return drawn;
        }
        if (recorder.deviation.isEmpty()) {
            return initializer.initialize(manager, shape, type);
        }
        deviation = recorder.deviation.getAsDouble();
        placeholder = Placeholder.of(manager, shape, type);
        return placeholder;
    }

    /**
     * Returns the standard deviation of the coefficients to be drawn.
     *
     * @param weights the array of the tensor after its initialisation
     * @return the deviation; nothing if these are dense weights
     */
    OptionalDouble deviation(NDArray weights) {
        return weights == placeholder ? OptionalDouble.of(deviation) : OptionalDouble.empty();
    }

    /** Records the only draw of an initializer. */
    private static final class Recorder {

        private final Shape shape;
        private OptionalDouble deviation = OptionalDouble.empty();

        Recorder(Shape shape) {
            this.shape = shape;
        }

        NDManager manager() {
            return (NDManager)
                    Proxy.newProxyInstance(
                            NDManager.class.getClassLoader(),
                            new Class<?>[] {NDManager.class},
                            (proxy, method, args) -> call(method, args));
        }

        /** Answers null instead of an array, with which no initializer can go on. */
        private @Nullable Object call(Method method, Object[] args) {
            if (method.getName().equals("getDevice")) {
                return Device.cpu();
            }
            boolean draws = args != null && args.length >= 3 && shape.equals(args[2]);
            if (draws && deviation.isEmpty()) {
                float first = (float) args[0];
                float second = (float) args[1];
                deviation =
                        switch (method.getName()) {
                            case "randomNormal" -> centred(first == 0, second);
                            case "randomUniform" ->
                                    centred(first == -second, second / Math.sqrt(3));
                            default -> OptionalDouble.empty();
                        };
                if (deviation.isPresent()) {
                    return null;
                }
            }
            throw new UnsupportedOperationException(method.getName());
        }

        /** Returns the deviation of a distribution, if its mean is 0. */
        private static OptionalDouble centred(boolean isCentred, double value) {
            return isCentred ? OptionalDouble.of(value) : OptionalDouble.empty();
        }
    }
}
