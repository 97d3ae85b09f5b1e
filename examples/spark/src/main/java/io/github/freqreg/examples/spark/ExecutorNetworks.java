package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * The networks of this process, each loaded when a task first asks for it.
 *
 * <p>Tasks that run at once in one executor share a network, each with a predictor of its own. It
 * lives as long as the process, since no task knows whether it is the last. Safe for concurrent
 * use.
 */
final class ExecutorNetworks {

    private static final Map<Key, Model> LOADED = new HashMap<>();

    private ExecutorNetworks() {}

    /** Networks are told apart by content: a broadcast's number is another's in the next job. */
    private record Key(NetworkSize size, ByteBuffer frq) {}

    /**
     * Returns a network.
     *
     * @param size what its file does not hold
     * @param frq the bytes of the file, not to be changed later
     * @return the model of this process, not to be closed
     * @throws MalformedModelException if the bytes are damaged, or of a network of another size
     */
    static synchronized Model get(NetworkSize size, byte[] frq) throws MalformedModelException {
        Key key = new Key(size, ByteBuffer.wrap(frq));
        Model model = LOADED.get(key);
        if (model == null) {
            model = size.load(frq);
            LOADED.put(key, model);
        }
        return model;
    }
}
