package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * A cache of the networks of this process. A network is loaded when a task first needs it.
 *
 * <p>Tasks that run concurrently in one executor share a network, each with its own predictor. A
 * network is never closed, because a task cannot know whether it is the last one. Safe for
 * concurrent use.
 */
final class ExecutorNetworks {

    private static final Map<Key, Model> LOADED = new HashMap<>();

    private ExecutorNetworks() {}

    /** Identifies a network by its content, because jobs reuse the numbers of broadcasts. */
    private record Key(NetworkSize size, ByteBuffer frq) {}

    /**
     * Returns a network.
     *
     * @param size the size of the network
     * @param frq the bytes of the file; the caller must not change them later
     * @return the shared model of this process; the caller must not close it
     * @throws MalformedModelException if the bytes are damaged or belong to a network of another
     *     size
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
