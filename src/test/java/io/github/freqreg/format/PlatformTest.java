package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.TestModels;
import io.github.freqreg.file.FrequencyFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The committed files of each version hold the same numbers under any locale, encoding and JDK.
 *
 * <p>{@code -Dfreqreg.java=/path/to/bin/java} also reads them on another JDK.
 */
class PlatformTest {

    /** The released files, whose contents {@link FrqDocuments} states, and the malformed ones. */
    private static final List<Path> FOLDERS =
            List.of(Path.of("test/resources/format"), Path.of("test/resources/malformed"));

    static List<Path> files() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path folder : FOLDERS) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(each -> each.toString().endsWith(".frq")).sorted().forEach(all::add);
            }
        }
        return all;
    }

    /** Prints the exact contents of files, or why they are refused. */
    static final class Reader {

        private Reader() {}

        /** Takes the paths of the files. */
        public static void main(String[] paths) throws IOException {
            StringBuilder text = new StringBuilder();
            for (String path : paths) {
                text.append(describe(Path.of(path)));
            }
            new PrintStream(System.out, true, StandardCharsets.UTF_8).print(text);
        }

        static String describe(Path file) throws IOException {
            FrqDocument document;
            try {
                document = FrqDocument.read(file);
            } catch (MalformedModelException e) {
                return e.getMessage() + "\n";
            }
            StringBuilder text = new StringBuilder(file + " " + document.inputs() + "\n");
            for (FrqEntry tensor : document.entries()) {
                text.append(tensor.isNamed() ? tensor.name() + " " + tensor.shape() + " " : "");
                text.append(tensor.spectral() ? tensor.axes() : null)
                        .append(' ')
                        .append(tensor.precision())
                        .append(' ');
                text.append(
                                IntStream.range(0, tensor.values().length)
                                        .mapToObj(i -> Float.toHexString(tensor.values()[i]))
                                        .collect(Collectors.joining(" ")))
                        .append('\n');
            }
            text.append(HexFormat.of().formatHex(document.encode())).append('\n');
            if (!document.isNamed()) {
                try {
                    document.withNames(Map.of("w", new Shape(1234)));
                } catch (MalformedModelException e) {
                    text.append(e.getMessage()).append('\n');
                }
            }
            return text.toString();
        }
    }

    private static String here() throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path file : files()) {
            text.append(Reader.describe(file));
        }
        return text.toString();
    }

    /** Runs under locales with other case rules or digits, and under other encodings. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-Duser.language=tr -Duser.country=TR",
                "-Duser.language=ar -Duser.country=EG",
                "-Duser.language=th -Duser.country=TH -Duser.extensions=u-nu-thai",
                "-Duser.language=de -Dfile.encoding=US-ASCII",
                "-Dfile.encoding=UTF-16 -Duser.timezone=Pacific/Apia"
            })
    void everyLanguageAndEncodingReadsTheSame(String options) throws Exception {
        String found =
                ChildProcess.run(
                        ChildProcess.java(),
                        List.of(options.split(" ")),
                        Reader.class,
                        files().toArray());
        assertEquals(here(), found);
        assertTrue(found.contains("expected 1 tensors with the fingerprint"), found);
    }

    @Test
    void anotherJdkReadsTheSame() throws Exception {
        Path java = Path.of(System.getProperty("freqreg.java", ChildProcess.java().toString()));
        assertEquals(here(), ChildProcess.run(java, List.of(), Reader.class, files().toArray()));
    }

    /**
     * The weight has the coefficients 1 and -1/2 at the frequencies (0, 0) and (0, 1), so both of
     * its rows are 1/√6 plus (-1/4, 0, 1/4). The input (1, 2, 3) gives √6 + 1/2, to which the
     * biases 1/4 and -1e-6 are added.
     */
    @ParameterizedTest
    @ValueSource(strings = {"good-1-linear.frq", "good-2-linear.frq", "good-2-bare.frq"})
    void aCommittedNetworkPredictsWhatItDid(String name) throws Exception {
        try (Model model = Model.newInstance("golden")) {
            model.setBlock(new SequentialBlock().add(TestModels.linear(2)));
            FrequencyFile.load(model, FOLDERS.get(1).resolve(name));
            NDArray input = model.getNDManager().create(new float[] {1, 2, 3}, new Shape(1, 3));
            NDList answer =
                    TestModels.predict(model.getBlock(), model.getNDManager(), new NDList(input));
            // The bias is exact; about ten operations on numbers up to 4 round once each.
            float sum = (float) (Math.sqrt(6) + 0.5);
            assertArrayEquals(
                    new float[] {sum + 0.25f, sum - 1e-6f},
                    TestModels.floats(answer),
                    10 * 4 * 0x1p-24f);
        }
    }
}
