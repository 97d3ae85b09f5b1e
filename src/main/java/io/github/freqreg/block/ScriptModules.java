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
     * @throws IOException if the bytes cannot be read
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
     * <p>DJL 0.36 loads a module in inference mode but records training mode, so it would skip the
     * first switch to training. A pass for inference without inputs fails, but it corrects the
     * record.
     *
     * @param network the network, as loaded
     */
    static void markInference(SymbolBlock network) {
        try (NDManager scratch = NDManager.newBaseManager()) {
            network.forward(new ParameterStore(scratch, false), new NDList(), false).close();
        } catch (RuntimeException e) {
            // There are no inputs, so the pass itself must fail.
            logger.debug("{} is in inference mode", network.getClass().getSimpleName());
        }
    }
}
