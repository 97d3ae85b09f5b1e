package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.Scene;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A round of federated averaging: coefficients go out, every partition trains from them, and the
 * average of what comes back is the next round's beginning.
 *
 * @param frq the averaged coefficients, as a file's bytes
 * @param loss the mean over the partitions, in training
 * @param traffic what was sent
 */
record FederatedRound(byte[] frq, double loss, Traffic traffic) {

    /**
     * Runs a round.
     *
     * @param scenes the training set, one part for each partition, none of them empty
     * @param training what is done with a part
     * @param frq the coefficients to begin with
     * @param denseBytes of all weights in float32
     * @return how it ended
     * @throws MalformedModelException if the coefficients are not of this network
     */
    static FederatedRound run(
            JavaRDD<Scene> scenes, LocalTraining training, byte[] frq, long denseBytes)
            throws MalformedModelException {
        Broadcast<byte[]> start =
                JavaSparkContext.fromSparkContext(scenes.context()).broadcast(frq);
        try {
            List<LocalTraining.Update> updates =
                    scenes.mapPartitions(
                                    part -> {
                                        List<Scene> its = new ArrayList<>();
                                        part.forEachRemaining(its::add);
                                        return List.of(training.train(start.value(), its))
                                                .iterator();
                                    })
                            .collect();
            return new FederatedRound(
                    CoefficientAverage.of(updates),
                    updates.stream()
                            .mapToDouble(LocalTraining.Update::loss)
                            .average()
                            .orElseThrow(),
                    Traffic.of(frq, updates, denseBytes));
        } finally {
            start.destroy();
        }
    }
}
