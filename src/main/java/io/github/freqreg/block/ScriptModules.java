package io.github.freqreg.block;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.SymbolBlock;
import ai.djl.training.ParameterStore;
import io.github.freqreg.Internal;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TorchScript networks as blocks of DJL. */
@Internal
public final class ScriptModules {

    private static final Logger logger = LoggerFactory.getLogger(ScriptModules.class);

    /** The version that {@code PtSymbolBlock} expects before the length of an archive. */
    private static final byte VERSION = 1;

    private static final int HEAD_SIZE = Byte.BYTES + Long.BYTES;

    private ScriptModules() {}

    /**
     * Returns whether a block is a TorchScript network.
     *
     * @param block any block
     * @return whether it is DJL's {@code PtSymbolBlock}, whose tensors can be reached
     */
    public static boolean isModule(Block block) {
        return block instanceof SymbolBlock
                && block.getClass().getSimpleName().equals("PtSymbolBlock");
    }

    /**
     * Loads a TorchScript network.
     *
     * @param manager the manager of its tensors
     * @param archive the bytes of the archive
     * @return the network, whose tensors can be written to
     * @throws IOException never
     * @throws MalformedModelException if DJL expects another format
     */
    public static SymbolBlock load(NDManager manager, byte[] archive)
            throws IOException, MalformedModelException {
        byte[] head = ByteBuffer.allocate(HEAD_SIZE).put(VERSION).putLong(archive.length).array();
        SymbolBlock network = SymbolBlock.newInstance(manager);
        try (DataInputStream in =
                new DataInputStream(
                        new SequenceInputStream(
                                new ByteArrayInputStream(head),
                                new ByteArrayInputStream(archive)))) {
            network.loadParameters(manager, in);
        }
        return network;
    }

    /**
     * Lets a TorchScript network know that it is in inference mode.
     *
     * <p>DJL 0.36 loads a module in that mode, but believes it to be in training mode, so that it
     * would not switch modes for the first training passes. It switches at the start of a pass for
     * inference, whatever becomes of that pass.
     *
     * @param network the network, as loaded
     */
    static void settleMode(SymbolBlock network) {
        try (NDManager scratch = NDManager.newBaseManager()) {
            network.forward(new ParameterStore(scratch, false), new NDList(), false).close();
        } catch (RuntimeException e) {
            // There are no inputs, so the pass itself must fail.
            logger.debug("{} is in inference mode", network.getClass().getSimpleName());
        }
    }
}
