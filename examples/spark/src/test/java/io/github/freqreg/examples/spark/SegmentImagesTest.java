package io.github.freqreg.examples.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.examples.data.ImagePair;
import io.github.freqreg.examples.data.Masks;
import io.github.freqreg.examples.data.Scene;
import io.github.freqreg.examples.tasks.Segmentation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentImagesTest {

    private static final NetworkSize SIZE = new NetworkSize(3, 2);

    @TempDir private Path folder;
    private byte[] frq;
    private Path weights;

    @BeforeEach
    void drawNetwork() throws IOException {
        frq = SIZE.draw(24, 20, 3);
        weights = Files.write(folder.resolve("unet.frq"), frq);
    }

    @Test
    void aProcessLoadsANetworkOnce() throws Exception {
        Set<Model> models = Collections.newSetFromMap(new IdentityHashMap<>());
        IntStream.range(0, 8)
                .parallel()
                .mapToObj(i -> loaded(frq.clone()))
                .forEach(
                        model -> {
                            synchronized (models) {
                                models.add(model);
                            }
                        });
        assertEquals(1, models.size());
        assertSame(models.iterator().next(), loaded(frq));
        assertNotSame(loaded(frq), loaded(SIZE.draw(24, 20, 4)));
    }

    private static Model loaded(byte[] bytes) {
        try {
            return ExecutorNetworks.get(SIZE, bytes);
        } catch (MalformedModelException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void executorsAnswerAsTheNetworkDoesHere() throws Exception {
        List<SceneSource> sources = SceneSource.drawn(5);
        List<SegmentImages.Answer> answers;
        try (JavaSparkContext spark =
                new JavaSparkContext(SparkArguments.conf("test", Optional.of("local[2]")))) {
            answers = SegmentImages.segment(spark, sources, 3, SIZE, frq, 24);
        }
        assertEquals(5, answers.size());
        try (Model model = SIZE.load(frq)) {
            for (int i = 0; i < 5; i++) {
                Scene scene = sources.get(i).scene(24);
                boolean[] told = Segmentation.segment(model, scene.image());
                assertEquals(Integer.toString(i), answers.get(i).name());
                assertArrayEquals(told, answers.get(i).foreground());
                assertEquals(
                        Segmentation.dice(told, Masks.of(scene.mask())), answers.get(i).dice());
            }
        }
    }

    @Test
    void filesAreReadWhereTheyAreAndMasksAreWritten() throws Exception {
        Path data = folder.resolve("data");
        Path out = folder.resolve("out");
        Files.createDirectories(data.resolve("images"));
        Scene scene = SceneSource.drawn(1).get(0).scene(30);
        ImageIO.write(scene.image(), "png", data.resolve("images/a.png").toFile());
        ImageIO.write(scene.image(), "png", data.resolve("images/b.png").toFile());
        String args = "--weights " + weights + " --width 3 --depth 2 --data " + data;
        String told = Jobs.run(SegmentImages.command(), 0, args.split(" "));
        assertFalse(told.contains("Dice"), told);
        assertTrue(
                told.contains(
                        String.format(
                                Locale.ROOT, "%,d bytes instead of 16,692", (long) frq.length)),
                told);

        for (String name : List.of("a", "b")) {
            Masks.write(
                    Masks.of(scene.mask()), scene.image(), data.resolve("masks/" + name + ".png"));
        }
        told = Jobs.run(SegmentImages.command(), 0, (args + " --out " + out).split(" "));
        try (Model model = SIZE.load(frq)) {
            boolean[] mask = Segmentation.segment(model, scene.image());
            double dice = Segmentation.dice(mask, Masks.of(scene.mask()));
            String text = String.format(Locale.ROOT, "b: 30x30 pixels, Dice %.6f", dice);
            assertTrue(told.contains(text), told);
            ImagePair written =
                    new ImagePair("b", data.resolve("b"), Optional.of(out.resolve("b-mask.png")));
            assertArrayEquals(mask, Masks.read(written, scene.image()));
        }
    }

    @Test
    void whatIsWrongInAnExecutorIsToldInOneLine() throws IOException {
        Path damaged = folder.resolve("data/images/a.png");
        Files.createDirectories(damaged.getParent());
        Files.writeString(damaged, "no image");
        String args = "--width 3 --depth 2 --weights " + weights + " --data ";
        assertEquals(
                "error: " + damaged + ": expected a PNG or JPEG image",
                Jobs.run(SegmentImages.command(), 1, (args + folder + "/data").split(" ")));
        String told = Jobs.run(SegmentImages.command(), 1, "--weights", weights.toString());
        assertTrue(told.startsWith("error: " + weights + ": expected 23 tensors"), told);
    }
}
