package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import io.github.freqreg.examples.data.Scene;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The result of a round of federated averaging. In a round, the driver broadcasts coefficients,
 * every partition trains from them, and the driver averages the coefficients that it collects.
 *
 * @param frq the averaged coefficients, as the bytes of a file
 * @param loss the mean training loss of the partitions
 * @param traffic the bytes that were sent
 */
record FederatedRound(byte[] frq, double loss, Traffic traffic) {

    /**
     * Runs a round.
     *
     * @param scenes the training set; no partition is empty
     * @param training the training on one partition
     * @param frq the initial coefficients, as the bytes of a file
     * @param denseBytes the size of all weights in float32
     * @return the result
     * @throws MalformedModelException if the coefficients belong to another network
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
