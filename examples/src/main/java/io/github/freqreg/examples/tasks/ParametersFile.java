package io.github.freqreg.examples.tasks;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.ArrayFile;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Loads DJL's {@code .params} files. DJL allocates what a length in the file demands, so the
 * structure is read first, and every length is compared with the network or with the bytes that are
 * left:
 *
 * <pre>
 * file      = 'DJL@', version 1, name, type, count, count × (name, shape), count, count × (key,
 *             value), block
 * block     = version, count, count × shape, what its class adds, its parameters, its children
 * linear    = version, long, long, shape, its parameters
 * parameter = 'P' or, without an array, 'N'; 1, name, 'NDAR', version 1 to 3, flag and name (from
 *             version 2), format, type, shape, order (from version 3), length, elements
 * shape     = rank, rank × long, rank, rank × char
 * </pre>
 *
 * <p>Numbers are big-endian; texts have a length of two bytes. Files of earlier versions of a block
 * are rejected.
 */
final class ParametersFile {

    private static final int MAX_RANK = 32;
    private static final int MODEL_VERSION = 1;
    private static final int ARRAY_VERSION = 3;

    private final CheckedInput in;

    private ParametersFile(CheckedInput in) {
        this.in = in;
    }

    /**
     * Loads a file into a network.
     *
     * @param file the path
     * @param block the network, initialised; unchanged if the structure of the file is not valid
     * @param manager the manager of the arrays
     * @throws IOException if the file cannot be read
     * @throws MalformedModelException if the file is not valid for the network; the message starts
     *     with the path and has the offset, the expected and the found value
     */
    static void load(Path file, Block block, NDManager manager)
            throws IOException, MalformedModelException {
        byte[] bytes = WholeFile.read(file, ArrayFile.MAX_BYTES);
        try {
            int start = check(bytes, block);
            block.loadParameters(
                    manager,
                    new DataInputStream(
                            new ByteArrayInputStream(bytes, start, bytes.length - start)));
        } catch (MalformedModelException e) {
            throw new MalformedModelException(file + ": " + e.getMessage(), e);
        }
    }

    /** Checks the structure and returns the offset of the network's block. */
    private static int check(byte[] bytes, Block block)
            throws IOException, MalformedModelException {
        ParametersFile file = new ParametersFile(new CheckedInput(bytes));
        int start = file.header();
        file.block(block);
        file.in.expectEnd();
        return start;
    }

    private int header() throws IOException, MalformedModelException {
        in.expect("DJL@", in.bytes(4));
        in.expect("version of the file", MODEL_VERSION, in.readInt());
        in.text();
        in.text();
        int inputs = in.count("inputs");
        for (int i = 0; i < inputs; i++) {
            in.text();
            shape();
        }
        int properties = in.count("properties");
        for (int i = 0; i < 2 * properties; i++) {
            in.text();
        }
        return in.offset();
    }

    private void block(Block block) throws IOException, MalformedModelException {
        String name = block.getClass().getSimpleName();
        in.expect("version of " + name, version(block), in.readByte());
        if (block instanceof Linear) {
            in.skip(2 * Long.BYTES);
            shape();
        } else {
            int inputs = in.count("inputs of " + name);
            for (int i = 0; i < inputs; i++) {
                shape();
            }
            if (block instanceof SequentialBlock) {
                in.skip(1);
            } else if (block instanceof BatchNorm) {
                in.skip(Long.BYTES);
            } else if (block instanceof LayerNorm) {
                shape();
            }
        }
        for (Parameter parameter : block.getDirectParameters().values()) {
            parameter(parameter);
        }
        for (Block child : block.getChildren().values()) {
            block(child);
        }
    }

    /** Returns the version that a block writes, the first byte. */
    private static byte version(Block block) throws IOException {
        FirstByte first = new FirstByte();
        try {
            block.saveParameters(new DataOutputStream(first));
        } catch (FirstByte.WrittenException e) {
            return first.value;
        }
        return first.value;
    }

    private static final class FirstByte extends OutputStream {

        private static final class WrittenException extends IOException {
            private static final long serialVersionUID = 1;
        }

        private byte value;
        private boolean written;

        /** {@inheritDoc} */
        @Override
        public void write(int one) throws IOException {
            if (written) {
                throw new WrittenException();
            }
            value = (byte) one;
            written = true;
        }
    }

    private void parameter(Parameter parameter) throws IOException, MalformedModelException {
        String name = parameter.getName();
        char mark = in.readChar();
        if (mark == 'N' && !parameter.isInitialized()) {
            return;
        }
        in.expect("mark of " + name, 'P', mark);
        in.expect("version of " + name, 1, in.readByte());
        in.expect(name, in.text());
        in.expect("NDAR", in.text());
        int version = in.readInt();
        in.check(
                version >= 1 && version <= ARRAY_VERSION,
                "a version of the array of 1 to " + ARRAY_VERSION,
                version);
        if (version > 1 && in.readByte() == 1) {
            in.text();
        }
        in.text();
        in.expect(DataType.FLOAT32.name(), in.text());
        Shape shape = parameter.getArray().getShape();
        long[] extents = shape();
        in.check(
                Arrays.equals(extents, shape.getShape()),
                "shape " + shape + " of " + name,
                new Shape(extents));
        if (version > 2) {
            in.skip(1);
        }
        in.expect("bytes of " + name, shape.size() * Float.BYTES, in.readInt());
        in.skip(shape.size() * Float.BYTES);
    }

    private long[] shape() throws MalformedModelException {
        int rank = in.readInt();
        in.check(rank >= 0 && rank <= MAX_RANK, "a rank of at most " + MAX_RANK, rank);
        long[] extents = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            extents[axis] = in.readLong();
            in.check(extents[axis] >= -1, "an extent of -1 or more", extents[axis]);
        }
        in.expect("length of the layout", rank, in.readInt());
        for (int axis = 0; axis < rank; axis++) {
            char layout = in.readChar();
            in.check("NCDHWT?".indexOf(layout) >= 0, "one of NCDHWT?", (int) layout);
        }
        return extents;
    }
}
