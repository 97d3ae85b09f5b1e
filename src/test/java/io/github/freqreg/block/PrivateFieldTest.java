package io.github.freqreg.block;

import static io.github.freqreg.Messages.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reading and writing fields that have no accessor. */
class PrivateFieldTest {

    @Test
    void fieldOfASuperclassIsReadAndWritten() {
        PrivateField<Owner, long[]> field =
                new PrivateField<>(Owner.class, "extents", long[].class);
        assertTrue(field.isOpen());
        Owner owner = new Heir();
        assertSame(owner.extents, field.get(owner));
        long[] others = {7};
        field.set(owner, others);
        assertSame(others, owner.extents);
    }

    @Test
    void eachObjectHasItsOwnValue() {
        PrivateField<Owner, CharSequence> field =
                new PrivateField<>(Owner.class, "name", CharSequence.class);
        Owner first = new Owner();
        Owner second = new Owner();
        field.set(first, "first");
        assertEquals("first", field.get(first));
        assertEquals("none", field.get(second));
    }

    /** Another version of DJL may have renamed a field, changed its type or closed its module. */
    static Stream<PrivateField<?, ?>> closed() {
        return Stream.of(
                new PrivateField<>(Owner.class, "shape", long[].class),
                new PrivateField<>(Heir.class, "extents", long[].class),
                new PrivateField<>(Owner.class, "extents", int[].class),
                // Not every name is a String, and not every Object is a name.
                new PrivateField<>(Owner.class, "name", String.class),
                new PrivateField<>(Owner.class, "name", Object.class),
                new PrivateField<>(String.class, "value", byte[].class));
    }

    @ParameterizedTest
    @MethodSource("closed")
    void fieldThatCannotBeOpenedIsClosed(PrivateField<Object, Object> field) {
        assertFalse(field.isOpen());
        Owner owner = new Owner();
        assertContains(assertThrows(IllegalStateException.class, () -> field.get(owner)), "closed");
        assertContains(
                assertThrows(IllegalStateException.class, () -> field.set(owner, "other")),
                "closed");
        assertEquals("none", owner.name);
    }

    /** Has fields that nothing outside can reach without reflection. */
    private static class Owner {

        private long[] extents = {2, 3};
        private CharSequence name = "none";
    }

    private static final class Heir extends Owner {}
}
