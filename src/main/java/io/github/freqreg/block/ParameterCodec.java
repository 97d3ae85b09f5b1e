package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Writes and reads the parameters of a {@link FrequencyBlock} in DJL's {@code .params} files.
 *
 * <p>Each regularised tensor is stored as its axes, its quantisation step, its kept number and the
 * kept coefficients. The other parameters follow, as DJL stores them.
 */
final class ParameterCodec {

    private final Map<String, SpectralParameter> spectral;
    private final List<Parameter> leftAlone;

    /**
     * Takes the parameters of a block.
     *
     * @param spectral the regularised tensors by name
     * @param leftAlone the other parameters
     */
    ParameterCodec(Map<String, SpectralParameter> spectral, List<Parameter> leftAlone) {
        this.spectral = spectral;
        this.leftAlone = leftAlone;
    }

    /** Writes all parameters. */
    void write(DataOutputStream os) throws IOException {
        for (SpectralParameter tensor : spectral.values()) {
            os.writeUTF(axes(tensor));
            os.writeFloat(tensor.getStep());
            os.writeInt(tensor.getKept());
            try (NDArray prefix = tensor.copyPrefix()) {
                os.write(prefix.encode());
            }
        }
        for (Parameter parameter : leftAlone) {
            parameter.save(os);
        }
    }

    /** Reads the coefficients of all regularised tensors; the block is unchanged. */
    Coefficients readCoefficients(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        Map<String, Stored> found = new LinkedHashMap<>();
        for (String name : spectral.keySet()) {
            String axes = is.readUTF();
            float step = is.readFloat();
            if (!(step >= 0) || Float.isInfinite(step)) {
                throw new MalformedModelException(
                        "Expected a step of 0 or more of " + name + " but found " + step);
            }
            int kept = is.readInt();
            NDArray vector = manager.decode(is);
            if (vector.getShape().dimension() != 1 || vector.size() != kept || kept < 1) {
                throw new MalformedModelException(
                        "Expected "
                                + kept
                                + " coefficients of "
                                + name
                                + " but found the shape "
                                + vector.getShape());
            }
            found.put(name, new Stored(axes, step, vector));
        }
        return new Coefficients(found);
    }

    /** Puts coefficients into the block, which is initialised. */
    void setCoefficients(Coefficients read) throws MalformedModelException {
        for (Map.Entry<String, SpectralParameter> entry : spectral.entrySet()) {
            SpectralParameter tensor = entry.getValue();
            Stored stored = read.of(entry.getKey());
            check(entry.getKey(), tensor, stored);
            tensor.setCoefficients(stored.vector, (int) stored.vector.size());
            tensor.setStep(stored.step);
            tensor.forgetWeights();
        }
    }

    private static void check(String name, SpectralParameter tensor, Stored stored)
            throws MalformedModelException {
        NDArray vector = stored.vector;
        if (!axes(tensor).equals(stored.axes)) {
            throw new MalformedModelException(
                    "Expected coefficients along the axes "
                            + axes(tensor)
                            + " of "
                            + name
                            + " but found "
                            + stored.axes);
        }
        DataType type = tensor.getDense().getArray().getDataType();
        if (vector.getDataType() != type) {
            throw new MalformedModelException(
                    "Expected "
                            + type
                            + " coefficients of "
                            + name
                            + " but found "
                            + vector.getDataType());
        }
        if (vector.size() > tensor.getShape().size()) {
            throw new MalformedModelException(
                    "Expected at most "
                            + tensor.getShape().size()
                            + " coefficients of "
                            + name
                            + " "
                            + tensor.getShape()
                            + " but found "
                            + vector.size());
        }
    }

    /** Reads the parameters that are not regularised. */
    void readLeftAlone(NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        for (Parameter parameter : leftAlone) {
            if (ModuleGradients.isInModule(parameter)) {
                readIntoModule(parameter, manager, is);
                continue;
            }
            Shape shape = parameter.getShape();
            parameter.close();
            parameter.load(manager, is);
            check(parameter, shape, parameter.getShape());
        }
    }

    /** Reads a parameter of a TorchScript network into its memory. */
    private static void readIntoModule(Parameter parameter, NDManager manager, DataInputStream is)
            throws IOException, MalformedModelException {
        Parameter read =
                Parameter.builder()
                        .setName(parameter.getName())
                        .setType(parameter.getType())
                        .build();
        read.load(manager, is);
        NDArray array = parameter.getArray();
        try (NDArray values = read.getArray()) {
            check(parameter, array.getShape(), values.getShape());
            InPlace.overwrite(values, array);
        }
    }

    private static void check(Parameter parameter, Shape expected, Shape found)
            throws MalformedModelException {
        if (!expected.equals(found)) {
            throw new MalformedModelException(
                    "Expected "
                            + parameter.getName()
                            + " of shape "
                            + expected
                            + " but found "
                            + found);
        }
    }

    /** Describes the extents and the order of a tensor's axes. */
    private static String axes(SpectralParameter tensor) {
        return tensor.getAxes().describe(tensor.getShape());
    }

    /** The coefficients of all regularised tensors, as read. */
    static final class Coefficients {

        private final Map<String, Stored> stored;

        private Coefficients(Map<String, Stored> stored) {
            this.stored = stored;
        }

        private Stored of(String name) {
            return Objects.requireNonNull(stored.get(name));
        }

        /** Returns the data type of the first tensor, or float32 if there is none. */
        DataType type() {
            return stored.values().stream()
                    .findFirst()
                    .map(each -> each.vector.getDataType())
                    .orElse(DataType.FLOAT32);
        }
    }

    /** One tensor, as read. */
    private record Stored(String axes, float step, NDArray vector) {}
}
