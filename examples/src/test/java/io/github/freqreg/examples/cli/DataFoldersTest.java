package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.freqreg.examples.SharedData;
import io.github.freqreg.examples.data.Digits;
import io.github.freqreg.examples.data.TinyData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training on folders of data. */
class DataFoldersTest extends ProgramTest {

    @TempDir private Path folder;

    @Test
    void mnistIsKnownByItsTestSet() {
        Path data = SharedData.find("mnist");
        assertEquals("MNIST", Digits.load(data).source());
        assertEquals("embedded digits", Digits.embedded().source());
    }

    /** CIFAR-10's binary files, one gzipped and one plain. */
    @Test
    void readsCifar() throws IOException {
        Path data = TinyData.cifar(folder);
        String train = "train vgg --width 2 --epochs 1 --data %s --out %s";
        Path file = folder.resolve("vgg.frq");
        assertEquals(0, run(train.formatted(data, file).split(" ")), err);
        assertTrue(out.contains("18 training, 2 validation and 10 test images, 32x32"), out);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | expected a folder with CIFAR-10's binary files",
                "1 | test_batch.bin.gz: expected the file of CIFAR-10",
                "2 | expected 1 to 100000 images of 3073 bytes but found 30729 bytes",
                "3 | expected labels 0 to 9 but found 200",
                "4 | the file is damaged or cut",
            })
    void damagedCifarIsNamed(int damage, String message) throws IOException {
        Path data = TinyData.cifar(folder);
        Path test = data.resolve("test_batch.bin");
        Path training = data.resolve("data_batch_1.bin.gz");
        byte[] bytes = Files.readAllBytes(test);
        switch (damage) {
            case 0:
                data = folder.resolve("none");
                break;
            case 1:
                Files.delete(test);
                break;
            case 2:
                Files.write(test, Arrays.copyOf(bytes, bytes.length - 1));
                break;
            case 3:
                bytes[3073] = (byte) 200;
                Files.write(test, bytes);
                break;
            default:
                Files.write(training, Arrays.copyOf(Files.readAllBytes(training), 5_000));
        }
        assertEquals(1, run("train", "resnet18", "--data", data.toString()));
        assertOneLine(message);
    }

    @ParameterizedTest
    @CsvSource({"0, expected an IDX file of bytes", "1, after the header", "2, expected labels"})
    void damagedDigitsAreNamed(int damage, String message) throws IOException {
        Path data = TinyData.mnist(folder);
        Path labels = data.resolve("train-labels-idx1-ubyte");
        byte[] bytes = Files.readAllBytes(labels);
        switch (damage) {
            case 0:
                bytes[3] = 9;
                break;
            case 1:
                bytes = Arrays.copyOf(bytes, bytes.length - 1);
                break;
            default:
                bytes[10] = 77;
        }
        Files.write(labels, bytes);
        assertEquals(1, run("train", "lenet", "--data", data.toString()));
        assertOneLine(message);
    }
}
