package io.github.freqreg.examples.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.tasks.Segmentation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AverageTrainingTest {

    private static final long PUBLISHED_WEIGHTS = 31_024_960;
    private static final NetworkSize SMALL = new NetworkSize(4, 2);

    @TempDir private Path folder;

    @Test
    void learns() throws Exception {
        Path file = folder.resolve("unet.frq");
        String told =
                Jobs.run(
                        AverageTraining.command(),
                        0,
                        ("--width 8 --depth 3 --size 32 --images 48 --rounds 8 --steps 15"
                                        + " --evaluate-every 4 --out "
                                        + file)
                                .split(" "));
        List<Double> dice = numbers(told, "test Dice ([0-9.]+)");
        assertEquals(3, dice.size(), told);
        assertTrue(dice.get(2) > dice.get(0) + 0.15, told);
        assertEquals(8, numbers(told, "collected, dense 1,926,784: ([0-9]+) times fewer").size());

        // What is written is what was measured.
        List<Scene> test = new ArrayList<>();
        for (SceneSource source : SceneSource.drawn(48).subList(40, 48)) {
            test.add(source.scene(32));
        }
        try (Model model = new NetworkSize(8, 3).load(Files.readAllBytes(file))) {
            double found = Segmentation.dice(model.getBlock(), model.getNDManager(), test);
            assertEquals(dice.get(2), found, 1e-4);
        }
    }

    private static List<Double> numbers(String told, String pattern) {
        return Pattern.compile(pattern)
                .matcher(told)
                .results()
                .map(found -> Double.valueOf(found.group(1)))
                .toList();
    }

    @Test
    void equalPartsAverageToWhatOneTrainsTo() throws Exception {
        List<Scene> scenes = scenes(6, 16);
        List<Scene> twice = new ArrayList<>(scenes);
        twice.addAll(scenes);
        byte[] start = SMALL.draw(16, 20, 1);
        try (JavaSparkContext spark = spark("local[2]")) {
            byte[] of1 = rounds(spark, scenes, 1, start);
            byte[] of2 = rounds(spark, twice, 2, start);
            assertArrayEquals(of1, of2);
            assertNotEquals(Arrays.hashCode(start), Arrays.hashCode(of1));
            // Parts that are not equal end elsewhere.
            byte[] ofHalves = rounds(spark, scenes, 2, start);
            assertNotEquals(Arrays.hashCode(of1), Arrays.hashCode(ofHalves));
        }
    }

    @Test
    void executorsInProcessesOfTheirOwnTrainAsThreadsDo() throws Exception {
        List<Scene> scenes = scenes(7, 16);
        byte[] start = SMALL.draw(16, 20, 1);
        byte[] threads;
        try (JavaSparkContext spark = spark("local[2]")) {
            threads = rounds(spark, scenes, 2, start);
        }
        try (JavaSparkContext spark = spark("local-cluster[2,1,1024]")) {
            assertArrayEquals(threads, rounds(spark, scenes, 2, start));
            Set<Long> processes =
                    new HashSet<>(
                            spark.parallelize(List.of(1, 2, 3, 4), 4)
                                    .map(
                                            i -> {
                                                // So long that the other executor takes a part.
                                                Thread.sleep(500);
                                                return ProcessHandle.current().pid();
                                            })
                                    .collect());
            assertEquals(2, processes.size());
            assertTrue(!processes.contains(ProcessHandle.current().pid()));
        }
    }

    @Test
    void thePublishedUNetSendsATenThousandthOfItsWeights() throws Exception {
        NetworkSize published = new NetworkSize(64, 4);
        byte[] start = published.draw(32, 33, 1);
        long dense = Float.BYTES * PUBLISHED_WEIGHTS;
        assertTrue(10_000L * start.length <= dense, start.length + " bytes");
        try (JavaSparkContext spark = spark("local[2]")) {
            FederatedRound round =
                    FederatedRound.run(
                            spark.parallelize(scenes(2, 32), 2),
                            new LocalTraining(published, 1, 1, 0.01f, 1),
                            start,
                            dense);
            Traffic traffic = round.traffic();
            assertEquals(2L * start.length, traffic.broadcast());
            assertEquals(4 * dense, traffic.dense());
            assertTrue(
                    10_000 * (traffic.broadcast() + traffic.collected()) <= traffic.dense(),
                    traffic::toString);
            try (Model before = published.load(start);
                    Model after = published.load(round.frq())) {
                assertEquals(759, FrequencyFile.countNumbers(after.getBlock()));
                assertEquals(
                        FrequencyFile.countNumbers(before.getBlock()),
                        FrequencyFile.countNumbers(after.getBlock()));
            }
            assertNotEquals(Arrays.hashCode(start), Arrays.hashCode(round.frq()));
        }
    }

    @Test
    void wrongArgumentsAndDataAreToldInOneLine() {
        assertEquals(
                "error: --rounds must be 1 or more but is 0 (try 'AverageTraining --help')",
                Jobs.run(AverageTraining.command(), 2, "--rounds", "0"));
        assertEquals(
                "error: Expected a training image or more for each of 4 partitions but there are"
                        + " 3",
                Jobs.run(AverageTraining.command(), 1, "--images", "4", "--partitions", "4"));
        String told =
                Jobs.run(
                        AverageTraining.command(),
                        1,
                        ("--width 2 --depth 1 --size 8 --images 4 --rounds 9"
                                        + " --learning-rate 1e38")
                                .split(" "));
        assertTrue(told.contains("error: The loss is "), told);
    }

    private static List<Scene> scenes(int count, int side) throws IOException {
        List<Scene> scenes = new ArrayList<>();
        for (SceneSource source : SceneSource.drawn(count)) {
            scenes.add(source.scene(side));
        }
        return scenes;
    }

    private static byte[] rounds(
            JavaSparkContext spark, List<Scene> scenes, int partitions, byte[] start)
            throws Exception {
        byte[] frq = start;
        for (int round = 1; round <= 2; round++) {
            LocalTraining training = new LocalTraining(SMALL, 4, 2, 0.01f, round);
            frq = FederatedRound.run(spark.parallelize(scenes, partitions), training, frq, 1).frq();
        }
        return frq;
    }

    /** Executors compute with as many threads as this process, so that sums are the same. */
    private static JavaSparkContext spark(String master) {
        SparkConf conf = SparkArguments.conf("test", Optional.of(master));
        return new JavaSparkContext(
                conf.set(
                        "spark.executorEnv.OMP_NUM_THREADS",
                        System.getenv().getOrDefault("OMP_NUM_THREADS", "1")));
    }
}
