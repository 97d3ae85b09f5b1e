package io.github.freqreg.interop;

import io.github.freqreg.format.FrqSamples;
import io.github.freqreg.format.Sample;
import io.github.freqreg.interop.torch.TorchSamples;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The folder {@code src/test/resources/malformed}: small files for testing readers, and a table of
 * why each must fail. {@link MalformedFilesTest} compares the folder with this class, or
 * regenerates it.
 */
final class MalformedFiles {

    private MalformedFiles() {}

    static List<Sample> all() throws IOException {
        List<Sample> all = new ArrayList<>(FrqSamples.set());
        all.addAll(ArraySamples.all());
        all.addAll(TorchSamples.all());
        return all;
    }

    /** Returns the README of the folder. */
    static String readme() throws IOException {
        StringBuilder text = new StringBuilder(INTRODUCTION);
        for (Sample sample : all()) {
            text.append("| `").append(sample.name()).append("` | ").append(sample.bytes().length);
            text.append(" | ").append(sample.why()).append(" |\n");
        }
        return text.toString();
    }

    private static final String INTRODUCTION =
            """
            # Malformed files

            Small files for testing readers of these formats. The names follow xz's test files:

            - `good-…`: a reader must accept the file.
            - `bad-…`: the file breaks one rule of its format, named in the table. A reader must refuse it with an error that says so, and not crash, allocate much memory or return wrong numbers.
            - `unsupported-…`: the file is valid or nearly so, but uses a feature that a reader may lack. A reader either reads it correctly or refuses it.

            The digit in the name of a `.frq` file is the version of the format; 0 stands for the frame, which all versions share. Except in those files, the checksum is correct, so that a reader reaches the fault. The package docs of `io.github.freqreg.format` specify `.frq`.

            The test class `MalformedFiles` generates the files. `MalformedFilesTest` checks that the folder and this table match it, and that each file is refused with the same message whether it is read from a path, a stream, a jar or by DJL's `Criteria`. To regenerate the folder: `mvn test -pl src -Dtest=MalformedFilesTest -Dfreqreg.malformed=write`.

            | file | bytes | why it must fail, or what it holds |
            |---|---|---|
            """;
}
