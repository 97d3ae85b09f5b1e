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

    /**
     * Replaces an initializer.
     *
     * @param initializer of the dense weights
     */
    CoefficientDraw(Initializer initializer) {
        this.initializer = initializer;
    }

    /** Returns the initializer of the dense weights. */
    Initializer getInitializer() {
        return initializer;
    }

    /** Returns dense weights, or a placeholder if coefficients are to be drawn. */
    @Override
    public NDArray initialize(NDManager manager, Shape shape, DataType type) {
        return deviation(shape, type).isPresent()
                ? Placeholder.of(manager, shape, type)
                : initializer.initialize(manager, shape, type);
    }

    /**
     * Returns the standard deviation of the coefficients of a tensor.
     *
     * @param shape of the tensor
     * @param type of its elements
     * @return the deviation; nothing if dense weights are to be drawn
     */
    OptionalDouble deviation(Shape shape, DataType type) {
        if (shape.size() < LARGE) {
            return OptionalDouble.empty();
        }
        Recorder recorder = new Recorder(shape);
        NDManager manager =
                (NDManager)
                        Proxy.newProxyInstance(
                                NDManager.class.getClassLoader(),
                                new Class<?>[] {NDManager.class},
                                (proxy, method, args) -> recorder.call(method, args));
        try {
            NDArray drawn = initializer.initialize(manager, shape, type);
            return drawn == null ? recorder.deviation : OptionalDouble.empty();
        } catch (RuntimeException e) {
            // It does something else; if that is an error, drawing dense weights will show it.
            return OptionalDouble.empty();
        }
    }

    /** Records the only draw of an initializer. */
    private static final class Recorder {

        private final Shape shape;
        private OptionalDouble deviation = OptionalDouble.empty();

        Recorder(Shape shape) {
            this.shape = shape;
        }

        /** Answers null instead of an array, with which no initializer can go on. */
        @Nullable Object call(Method method, Object[] args) {
            if (method.getName().equals("getDevice")) {
                return Device.cpu();
            }
            boolean draws = args != null && args.length >= 3 && shape.equals(args[2]);
            if (draws && deviation.isEmpty()) {
                float first = (float) args[0];
                float second = (float) args[1];
                deviation =
                        switch (method.getName()) {
                            case "randomNormal" -> unless(first != 0, second);
                            case "randomUniform" -> unless(first != -second, second / Math.sqrt(3));
                            default -> OptionalDouble.empty();
                        };
                if (deviation.isPresent()) {
                    return null;
                }
            }
            throw new UnsupportedOperationException(method.getName());
        }

        private static OptionalDouble unless(boolean biased, double value) {
            return biased ? OptionalDouble.empty() : OptionalDouble.of(value);
        }
    }
}
