package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training whose process is killed at random moments and resumed writes the same file as one that
 * is not interrupted.
 *
 * <p>{@code -Dfreqreg.kills=50} sets the number of kills; by default there are a few.
 */
class KillTest {

    private static final int KILLS = Integer.getInteger("freqreg.kills", 3);
    private static final int EPOCHS = 60;

    @TempDir private Path folder;

    private Process start(Path file, boolean resume) throws IOException {
        String arguments =
                "train unet --width 2 --depth 1 --size 8 --subset 16 --keep 20 --truncate 0.5"
                        + " --seed 4 --epochs %d --out %s";
        List<String> command =
                new ArrayList<>(List.of(arguments.formatted(EPOCHS, file).split(" ")));
        if (resume) {
            command.add("--resume");
        }
        return ProgramRun.process(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private void finish(Process process) throws IOException, InterruptedException {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("log")));
    }

    @Test
    void aKilledTrainingGoesOnToTheSameFile() throws Exception {
        Path whole = folder.resolve("whole.frq");
        long begin = System.nanoTime();
        finish(start(whole, false));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        byte[] expected = Files.readAllBytes(whole);

        long seed = Long.getLong("freqreg.seed", 11);
        Random random = new Random(seed);
        Path file = folder.resolve("killed.frq");
        Path checkpoint = folder.resolve("killed.frq.checkpoint");
        int kills = 0;
        int ends = 0;
        while (kills < KILLS || ends == 0 || Files.exists(checkpoint)) {
            Process process = start(file, Files.exists(checkpoint));
            boolean kill = kills < KILLS;
            // Kills fall between the start of the process, before the engine is loaded, and its
            // end.
            if (kill && !process.waitFor(random.nextLong(millis), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                kills++;
                if (!Files.exists(file) || Files.exists(checkpoint)) {
                    continue;
                }
                // The file was complete; only the process had not ended.
            } else {
                finish(process);
            }
            assertArrayEquals(expected, Files.readAllBytes(file), "seed " + seed);
            Files.delete(file);
            ends++;
        }
        // Temporary files of killed processes may remain; no other file does.
        try (Stream<Path> files = Files.list(folder)) {
            List<String> left =
                    files.map(path -> path.getFileName().toString())
                            .filter(name -> !name.endsWith(".tmp"))
                            .sorted()
                            .toList();
            assertEquals(List.of("log", "whole.frq"), left);
        }
    }
}
