package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.nn.SymbolBlock;
import io.github.freqreg.ChildProcess;
import io.github.freqreg.ScriptModule;
import io.github.freqreg.ScriptNetworks;
import io.github.freqreg.TorchArchive;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Archives with wrong bytes, and right checksums, are loaded or refused. */
class TorchScriptFuzzTest {

    @TempDir private Path folder;

    /** In a process of its own, which a wrong address would end. */
    @Test
    void wrongArchivesAreLoadedOrRefused(TestReporter reporter) throws Exception {
        String told =
                ChildProcess.run(
                        ChildProcess.java(),
                        List.of(
                                "-Xmx256m",
                                "-Dai.djl.offline=true",
                                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
                        Mutations.class,
                        folder.resolve("net.pt"),
                        Integer.getInteger("freqreg.mutations", 600));
        reporter.publishEntry("loaded", told.strip());
    }

    /** Changes a few bytes of the pickle or of the code, and loads what results. */
    static final class Mutations {

        private static final int SEED = 5;

        private Mutations() {}

        public static void main(String[] arguments) throws Exception {
            Path file = Path.of(arguments[0]);
            int count = Integer.parseInt(arguments[1]);
            ScriptModule[] networks = {
                ScriptNetworks.convolutional(1), ScriptNetworks.tied(1), ScriptNetworks.flattened(1)
            };
            Random random = new Random(SEED);
            int loaded = 0;
            for (int i = 0; i < count; i++) {
                Map<String, byte[]> records =
                        TorchArchive.recordsOf(networks[random.nextInt(networks.length)]);
                change(records, random);
                try (OutputStream out = Files.newOutputStream(file)) {
                    TorchArchive.write(records, out);
                }
                loaded += isLoaded(file) ? 1 : 0;
            }
            assertTrue(loaded > 0 && loaded < count / 2, loaded + " are loaded");
            System.out.println(loaded + " of " + count);
        }

        private static void change(Map<String, byte[]> records, Random random) {
            List<String> names = new ArrayList<>(records.keySet());
            names.removeIf(name -> name.contains("/data/"));
            boolean code = random.nextInt(3) == 0;
            String name = code ? names.get(random.nextInt(names.size())) : "net/data.pkl";
            byte[] bytes = records.get(name);
            int changes = 1 + random.nextInt(3);
            for (int i = 0; i < changes; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
        }

        /** All elements of a loaded network are read. */
        private static boolean isLoaded(Path file) throws Exception {
            try (NDManager manager = NDManager.newBaseManager()) {
                SymbolBlock network = TorchScript.load(manager, file);
                for (Parameter each : network.getDirectParameters().values()) {
                    NDArray array = each.getArray();
                    long bytes = array.size() * array.getDataType().getNumOfBytes();
                    assertEquals(bytes, array.toByteBuffer().remaining());
                }
                return true;
            } catch (MalformedModelException e) {
                assertTrue(String.valueOf(e.getMessage()).startsWith(file + ": "), e.getMessage());
                return false;
            }
        }
    }
}
