package io.github.freqreg.format;

import static io.github.freqreg.format.FrqDocuments.assertSame;
import static io.github.freqreg.format.FrqDocuments.file;
import static io.github.freqreg.format.FrqDocuments.names;
import static io.github.freqreg.format.FrqDocuments.stepped;
import static io.github.freqreg.format.FrqDocuments.tiny;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.MalformedModelException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * Files of released versions are read for ever, and versions 2 to 4 are still written to the byte.
 */
class ReleasedFilesTest {

    @Test
    void readsTheFirstFilesOfEachVersion() throws IOException, MalformedModelException {
        assertSame(tiny(), FrqDocument.decode(file("v1-tiny.frq")));
        assertSame(tiny(), SecondReader.read(file("v1-tiny.frq")));
        byte[] named = file("v2-tiny.frq");
        assertSame(tiny(), FrqDocument.decode(named));
        assertArrayEquals(named, tiny().encode());
        byte[] bare = file("v2-tiny-bare.frq");
        assertSame(tiny(), FrqDocument.decode(bare).withNames(names(tiny())));
        assertArrayEquals(bare, tiny().withoutNames().encode());
        byte[] steps = file("v2-steps.frq");
        assertSame(stepped(), FrqDocument.decode(steps));
        assertArrayEquals(steps, stepped().encode());
        byte[] seeds = file("v3-seeds.frq");
        assertSame(Version3Samples.seeds(), FrqDocument.decode(seeds));
        assertSame(Version3Samples.seeds(), SecondReader.read(seeds));
        assertArrayEquals(seeds, Version3Samples.seeds().encode());
        byte[] identity = file("v4-identity.frq");
        assertSame(Version4Samples.identity(), FrqDocument.decode(identity));
        assertSame(Version4Samples.identity(), SecondReader.read(identity));
        assertArrayEquals(identity, Version4Samples.identity().encode());
    }
}
