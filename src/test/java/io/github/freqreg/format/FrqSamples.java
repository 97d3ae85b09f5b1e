package io.github.freqreg.format;

import static io.github.freqreg.format.Sample.bad;
import static io.github.freqreg.format.Sample.extra;
import static io.github.freqreg.format.Sample.patched;
import static io.github.freqreg.format.Sample.unsupported;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The {@code .frq} files that a reader must accept or refuse, of which some are committed. */
public final class FrqSamples {

    private FrqSamples() {}

    static Stream<Sample> all() {
        return Stream.of(
                        frames(),
                        Version1Samples.all(),
                        Version2Samples.all(),
                        Version3Samples.all(),
                        Version4Samples.all())
                .flatMap(List::stream);
    }

    /** Returns the files of {@code src/test/resources/malformed}. */
    public static List<Sample> set() {
        return all().filter(Sample::isInSet).toList();
    }

    /** Files whose magic, version or checksum is wrong. */
    private static List<Sample> frames() {
        byte[] file = Version2Samples.linear().encode();
        byte[] empty = FileBytes.version1().varint(0).varint(0).seal();
        return List.of(
                bad(
                        "0-empty.frq",
                        new byte[0],
                        "The file has no bytes.",
                        "FRQ, but found an empty file"),
                bad(
                        "0-magic.frq",
                        patched(file, 0, 'f'),
                        "It starts with fRQ instead of FRQ.",
                        "expected a .frq file, which starts with FRQ"),
                extra(
                        new FileBytes().name("PKzip").seal(),
                        "The magic is another's.",
                        "found 10 bytes of something else"),
                extra(
                        new FileBytes().bytes('f', 'r', 'q', 1).seal(),
                        "The magic is in lower case.",
                        "FRQ"),
                bad(
                        "0-short.frq",
                        Arrays.copyOf(file, 7),
                        "It ends before the checksum.",
                        "expected a checksum at the end, but the file has only 7 bytes"),
                bad(
                        "0-flipped-bit.frq",
                        patched(file, 20, file[20] ^ 1),
                        "A bit is flipped, so the checksum does not match.",
                        "the file is damaged or cut"),
                bad(
                        "0-cut.frq",
                        Arrays.copyOf(file, file.length - 1),
                        "The last byte is missing, so the checksum does not match.",
                        "the file is damaged or cut"),
                extra(
                        patched(empty, 9, empty[9] ^ 1),
                        "The checksum itself is wrong.",
                        "the file is damaged or cut"),
                unsupported(
                        "0-version-5.frq",
                        new FileBytes().bytes('F', 'R', 'Q', 5, 0).seal(),
                        "The version is 5; only 1 to 4 exist.",
                        "expected version 1 to 4 of the .frq format but found version 5"),
                extra(
                        new FileBytes().bytes('F', 'R', 'Q', 0, 0, 0).seal(),
                        "The version is 0.",
                        "expected version 1 to 4 of the .frq format but found version 0"),
                extra(
                        new FileBytes().bytes('F', 'R', 'Q', 255, 0, 0).seal(),
                        "The version is 255.",
                        "found version 255"));
    }
}
