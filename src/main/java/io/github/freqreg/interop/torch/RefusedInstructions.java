package io.github.freqreg.interop.torch;

import java.util.Map;

/** The names of the pickle instructions that {@link PickleMachine} refuses, for its messages. */
final class RefusedInstructions {

    private static final Map<Integer, String> NAMES =
            Map.ofEntries(
                    Map.entry(0x30, "POP"),
                    Map.entry(0x31, "POP_MARK"),
                    Map.entry(0x32, "DUP"),
                    Map.entry(0x46, "FLOAT"),
                    Map.entry(0x49, "INT"),
                    Map.entry(0x4c, "LONG"),
                    Map.entry(0x50, "PERSID"),
                    Map.entry(0x53, "STRING"),
                    Map.entry(0x54, "BINSTRING"),
                    Map.entry(0x55, "SHORT_BINSTRING"),
                    Map.entry(0x56, "UNICODE"),
                    Map.entry(0x42, "BINBYTES"),
                    Map.entry(0x43, "SHORT_BINBYTES"),
                    Map.entry(0x64, "DICT"),
                    Map.entry(0x67, "GET"),
                    Map.entry(0x69, "INST"),
                    Map.entry(0x6c, "LIST"),
                    Map.entry(0x6f, "OBJ"),
                    Map.entry(0x70, "PUT"),
                    Map.entry(0x82, "EXT1"),
                    Map.entry(0x83, "EXT2"),
                    Map.entry(0x84, "EXT4"),
                    Map.entry(0x8b, "LONG4"),
                    Map.entry(0x8c, "SHORT_BINUNICODE"),
                    Map.entry(0x8d, "BINUNICODE8"),
                    Map.entry(0x8e, "BINBYTES8"),
                    Map.entry(0x8f, "EMPTY_SET"),
                    Map.entry(0x90, "ADDITEMS"),
                    Map.entry(0x91, "FROZENSET"),
                    Map.entry(0x92, "NEWOBJ_EX"),
                    Map.entry(0x93, "STACK_GLOBAL"),
                    Map.entry(0x94, "MEMOIZE"),
                    Map.entry(0x95, "FRAME"),
                    Map.entry(0x96, "BYTEARRAY8"),
                    Map.entry(0x97, "NEXT_BUFFER"),
                    Map.entry(0x98, "READONLY_BUFFER"));

    private RefusedInstructions() {}

    /** Returns the name of an instruction in the pickle format. */
    static String name(int instruction) {
        return NAMES.getOrDefault(instruction, "unknown");
    }
}
