package io.github.freqreg.examples.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;

/**
 * Readers of data on any bytes: they answer, or throw what they say.
 *
 * <p>The ordinary build replays the inputs beside this class's resources. {@code mvn -Pfuzz test
 * -pl examples -am -Dtest=DataFuzzTest#idx} looks for new ones, one method at a time.
 */
@Tag("fuzz")
class DataFuzzTest {

    private static final String SOURCE = "the bytes";

    /** The first byte says whether these are images or labels. */
    @FuzzTest(maxDuration = "10m")
    void idx(byte[] rankAndFile) {
        if (rankAndFile.length > 0) {
            int rank = rankAndFile[0] % 2 == 0 ? 1 : 3;
            byte[] file = rest(rankAndFile);
            expectAnswer(() -> Digits.idx(file, rank, SOURCE));
        }
    }

    @FuzzTest(maxDuration = "10m")
    void cifar(byte[] file) {
        expectAnswer(() -> Cifar.check(file, SOURCE));
    }

    /** The most bytes that may come out stand in the first byte. */
    @FuzzTest(maxDuration = "10m")
    void gzip(byte[] mostAndFile) {
        if (mostAndFile.length > 0) {
            int most = mostAndFile[0] & 0xff;
            expectAnswer(() -> assertTrue(unzip(rest(mostAndFile), most).length <= most));
        }
    }

    private static byte[] unzip(byte[] file, int most) {
        try {
            return Packed.unzip(file, most, SOURCE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @FuzzTest(maxDuration = "10m")
    void image(byte[] file) {
        expectAnswer(
                () -> {
                    ImageFile opened = ImageFile.open(file, SOURCE);
                    BufferedImage image = opened.read();
                    assertEquals(opened.size(), new ImageSize(image.getWidth(), image.getHeight()));
                });
    }

    /** The first byte says of which kind the file is taken to be. */
    @FuzzTest(maxDuration = "10m")
    void orientation(byte[] kindAndFile) {
        if (kindAndFile.length > 0) {
            String kind = kindAndFile[0] % 2 == 0 ? "png" : "JPEG";
            assertNotNull(Orientation.of(rest(kindAndFile), kind));
        }
    }

    private static byte[] rest(byte[] bytes) {
        return Arrays.copyOfRange(bytes, 1, bytes.length);
    }

    private static void expectAnswer(Runnable reader) {
        try {
            reader.run();
        } catch (DataException e) {
            assertTrue(e.getMessage().startsWith(SOURCE + ": "), e.getMessage());
        }
    }
}
