package io.github.freqreg.interop.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read from a pickle is written as a pickle of the same value. */
class PickleEncoderTest {

    private static Object again(Object value) throws MalformedModelException {
        return PickleTree.read(PickleEncoder.encode(value, Map.of()));
    }

    static List<Object> values() {
        List<Object> many = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            String twice = "string " + i;
            many.add(twice);
            many.add(twice);
        }
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put("a", List.of(1L, List.of(), new ArrayList<>()));
        map.put("b", new LinkedHashMap<>());
        map.put("ä", PickleMachine.NONE);
        return List.of(
                0L,
                255L,
                256L,
                -1L,
                Long.MIN_VALUE,
                Long.MAX_VALUE,
                0.1,
                -0.0,
                true,
                false,
                "",
                List.of(1L),
                List.of(1L, 2L, 3L, 4L),
                many,
                map);
    }

    @ParameterizedTest
    @MethodSource("values")
    void valueStaysTheSame(Object value) throws MalformedModelException {
        assertEquals(value, again(value));
    }

    @Test
    void objectsCallsAndStoragesStayTheSame() throws MalformedModelException {
        PickleNode.Global type = new PickleNode.Global("__torch__ Net");
        PickleNode.Instance object = new PickleNode.Instance(type, List.of());
        object.state =
                new LinkedHashMap<>(
                        Map.of(
                                "w",
                                new PickleNode.Call(
                                        new PickleNode.Global("torch f"),
                                        List.of(new PickleNode.Persistent(List.of("storage"))))));
        PickleNode.Instance read = (PickleNode.Instance) again(object);
        assertEquals("__torch__.Net", ((PickleNode.Global) read.type).qualified());
        PickleNode.Call call = (PickleNode.Call) ModuleTensors.attribute(read, "w");
        assertTrue(call.calls("torch f"));
        assertEquals(List.of("storage"), ((PickleNode.Persistent) call.arguments.get(0)).id);
    }

    @Test
    void oneValueInTwoPlacesStaysOne() throws MalformedModelException {
        PickleNode.Call call = new PickleNode.Call(new PickleNode.Global("torch f"), List.of(1L));
        List<?> read = (List<?>) again(List.of(call, List.of(call)));
        assertSame(read.get(0), ((List<?>) read.get(1)).get(0));
    }

    @Test
    void replacementsAreWrittenInPlace() throws MalformedModelException {
        PickleNode.Global before = new PickleNode.Global("torch a");
        PickleNode.Global after = new PickleNode.Global("torch b");
        byte[] pickle = PickleEncoder.encode(List.of(before, before), Map.of(before, after));
        List<?> read = (List<?>) PickleTree.read(pickle);
        assertEquals("torch b", ((PickleNode.Global) read.get(1)).name);
        assertSame(read.get(0), read.get(1));
    }

    @Test
    void whatCannotBeWrittenIsRefused() {
        List<Object> own = new ArrayList<>();
        own.add(List.of(own));
        assertRefused("contains itself", own);
        Object deep = List.of(1L);
        for (int i = 0; i < 2000; i++) {
            deep = List.of(deep);
        }
        assertRefused("nested at most 1000 deep", deep);
        assertRefused("more than 64 bits", BigInteger.ONE.shiftLeft(64));
    }

    private static void assertRefused(String message, Object value) {
        String found =
                assertThrows(
                                MalformedModelException.class,
                                () -> PickleEncoder.encode(value, Map.of()))
                        .getMessage();
        assertTrue(found.contains(message), found);
    }
}
