package io.github.freqreg.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table of names is read as it was written, or refused with the number of the line. */
class NameTableTest {

    @TempDir private Path folder;

    @Test
    void linesCommentsAndSpacesAreRead() throws Exception {
        NameTable table = NameTable.parse("# a = b\n\n a.0 = b \r\n\t# c\nc=d = e=f\n");
        assertEquals(Optional.of("a.0"), table.arrayOf("b"));
        assertEquals(Optional.of("c=d"), table.arrayOf("e=f"));
        assertEquals(Optional.empty(), table.arrayOf("a"));
    }

    @Test
    void wrongLinesAreRefused() throws Exception {
        for (String line : List.of("a", "a=b", "a = b = c", "a =", "= b")) {
            MalformedModelException e =
                    assertThrows(
                            MalformedModelException.class, () -> NameTable.parse("x = y\n" + line));
            assertEquals(
                    "line 2: expected 'name in the file = name in the network' but found " + line,
                    e.getMessage());
        }
        MalformedModelException twice =
                assertThrows(
                        MalformedModelException.class, () -> NameTable.parse("a = b\n\n\nc = b\n"));
        assertEquals("line 4: b has a line already", twice.getMessage());
        Path file = Files.write(folder.resolve("table"), new byte[] {'a', (byte) 0xff});
        MalformedModelException bytes =
                assertThrows(MalformedModelException.class, () -> NameTable.read(file));
        assertEquals(file + ": expected a text in UTF-8", bytes.getMessage());
    }

    /** What the writer puts in a line is what the reader finds there. */
    @Test
    void namesThatALineCannotHaveAreNotWritten() throws Exception {
        for (String name : List.of("a", "größe", "a=b", "a b", "=", "a\"#", "a.#1")) {
            assertTrue(NameTable.isWritable(name, "ours"), name);
            NameTable read = NameTable.parse(NameTable.line(name, "ours"));
            assertEquals(Optional.of(name), read.arrayOf("ours"));
        }
        for (String name :
                List.of(
                        "",
                        " a",
                        "#a",
                        "a\nb",
                        "a\rb",
                        "a = b",
                        "a\u2028b",
                        "a\u0085b",
                        "a =",
                        "a ")) {
            assertFalse(NameTable.isWritable(name, "ours"), name);
        }
    }
}
