package io.github.freqreg.format;

import java.util.ArrayList;
import java.util.List;

/** Files of version 1 that a reader must accept or refuse. Their checksums are correct. */
final class Version1Samples {

    private final List<Sample> samples = new ArrayList<>();

    private Version1Samples() {}

    static List<Sample> all() {
        Version1Samples all = new Version1Samples();
        all.good();
        all.counts();
        all.tensors();
        all.values();
        for (long count : new long[] {Integer.MAX_VALUE - 8, 1L << 32, 1L << 40, Long.MAX_VALUE}) {
            all.hugeCounts(count);
        }
        return all.samples;
    }

    private void bad(String name, FileBytes file, String why, String message) {
        samples.add(Sample.bad("1-" + name + ".frq", file.seal(), why, message));
    }

    private void extra(FileBytes file, String why, String message) {
        samples.add(Sample.extra(file.seal(), why, message));
    }

    private static FileBytes tensor(int flags, String name, long... extents) {
        return FileBytes.oneTensor().bytes(flags).name(name).shape(extents);
    }

    private void good() {
        FileBytes file = FileBytes.version1().varint(1).shape(0, 4).varint(2);
        file.bytes(3).name("01Linear_weight").shape(2, 3).varint(2).bytes(0, 0x3c, 0, 0xb8);
        file.bytes(0).name("01Linear_bias").shape(2).floats(0.25f, -1e-6f);
        samples.add(
                Sample.good(
                        "1-linear.frq",
                        file.seal(),
                        "A linear layer: 2 of 6 coefficients of its weight, and its bias."));
    }

    private void counts() {
        bad(
                "varint",
                FileBytes.version1().bytes(0x80, 0, 0),
                "The number of inputs is 0 in two bytes; a varint has minimal length.",
                "the number of inputs is not a varint of minimal length");
        extra(
                FileBytes.version1().bytes(0x80, 0x80),
                "A varint does not end.",
                "inputs is not a varint of minimal length");
        extra(
                FileBytes.oneTensor()
                        .bytes(0)
                        .name("w")
                        .varint(1)
                        .bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
                "A varint has ten bytes.",
                "the extent of tensor w is not a varint of minimal length");
        extra(FileBytes.version1(), "There are no counts.", "inputs is not a varint");
        extra(
                FileBytes.version1().varint(0),
                "There is no number of tensors.",
                "tensors is not a varint");
        bad(
                "tensors",
                FileBytes.version1().varint(0).varint(1L << 40),
                "It claims 2^40 tensors but has no bytes for them.",
                "tensors is 1099511627776, but only 0 bytes are left in the file");
        extra(
                FileBytes.oneTensor(),
                "It claims a tensor but ends before its flags.",
                "tensors is 1, but only 0 bytes are left in the file");
        extra(
                FileBytes.version1().varint(1).shape(new long[33]).varint(0),
                "An input has rank 33.",
                "expected a rank of at most 32 for input 0 but found 33");
        bad(
                "more",
                FileBytes.version1().varint(0).varint(0).bytes(0),
                "A byte follows the last tensor.",
                "expected the checksum after the last tensor but found 1 more bytes");
    }

    private void tensors() {
        bad(
                "flags",
                tensor(4, "w", 1).floats(1),
                "The flags of a tensor are 4; only the two lowest bits may be set.",
                "expected the flags 0 to 3 for tensor 0 but found 4");
        extra(
                tensor(129, "w", 1).varint(1).floats(1),
                "The highest flag of a tensor is set.",
                "expected the flags 0 to 3 for tensor 0 but found 129");
        bad(
                "name-utf8",
                FileBytes.oneTensor().bytes(0, 1, 0xff).shape(1).floats(1),
                "The name of a tensor is the byte ff, which is not UTF-8.",
                "the name of tensor 0 is not UTF-8");
        extra(
                FileBytes.oneTensor().bytes(0, 2, 0xc0, 0x80).shape(1).floats(1),
                "A name has an overlong UTF-8 sequence.",
                "the name of tensor 0 is not UTF-8");
        extra(
                FileBytes.oneTensor().bytes(0, 3, 0xed, 0xa0, 0x80).shape(1).floats(1),
                "A name has an encoded surrogate.",
                "the name of tensor 0 is not UTF-8");
        FileBytes twice = FileBytes.version1().varint(0).varint(2);
        twice.bytes(0).name("w").shape(1).floats(1).bytes(0).name("w").shape(1).floats(2);
        bad("name-twice", twice, "Two tensors are named w.", "tensor w appears twice");
        bad(
                "rank",
                tensor(0, "w", new long[33]),
                "A tensor has rank 33; the limit is 32.",
                "expected a rank of at most 32 for tensor w but found 33");
        bad(
                "size",
                tensor(0, "w", (1L << 62) + 1, 4).floats(1, 2, 3, 4),
                "A tensor of (2^62 + 1) × 4 elements has 4 if 64 bits overflow.",
                "the size of tensor w is too large");
        extra(
                tensor(0, "w", 1L << 32, 1L << 32),
                "A tensor has 2^64 elements.",
                "the size of tensor w is too large: [4294967296, 4294967296]");
        extra(
                tensor(0, "w", 1L << 62, 2),
                "A tensor has 2^63 elements.",
                "the size of tensor w is too large");
        bad(
                "kept",
                tensor(1, "w", 2).varint(3).floats(1, 2, 3),
                "A tensor of 2 elements keeps 3 coefficients.",
                "expected tensor w to keep 1 to 2 coefficients but found 3");
        extra(
                tensor(1, "w", 2, 3).varint(0),
                "A tensor keeps no coefficient.",
                "expected tensor w to keep 1 to 6 coefficients but found 0");
        bad(
                "scalar",
                tensor(1, "w").varint(1).floats(1),
                "A tensor of rank 0 has coefficients.",
                "tensor w has coefficients but no axis to transform: []");
        extra(
                tensor(1, "w", 3, 0).varint(0),
                "An empty tensor has coefficients.",
                "tensor w has coefficients but no axis to transform: [3, 0]");
    }

    private void values() {
        bad(
                "nan",
                tensor(0, "w", 2).floats(1, Float.NaN),
                "A value is NaN.",
                "expected finite values but value 1 of tensor w is NaN");
        extra(
                tensor(1, "w", 9).varint(2).floats(1, Float.POSITIVE_INFINITY),
                "A coefficient is infinite.",
                "value 1 of tensor w is Infinity");
        extra(
                tensor(0, "w", 1).floats(Float.NEGATIVE_INFINITY),
                "A value is negative infinity.",
                "value 0 of tensor w is -Infinity");
        extra(
                tensor(2, "w", 2).bytes(0, 0, 0x01, 0x7c),
                "A float16 is NaN.",
                "value 1 of tensor w is NaN");
        extra(
                tensor(3, "w", 9).varint(1).bytes(0x00, 0xfc),
                "A float16 coefficient is infinite.",
                "value 0 of tensor w is -Infinity");
        bad(
                "values",
                tensor(0, "w", 1L << 40).floats(1),
                "A tensor of 2^40 values has bytes for one.",
                "expected 1099511627776 values of tensor w but only 4 bytes are left");
        extra(
                tensor(0, "w", 2, 2).floats(1, 2, 3).bytes(0, 0, 0),
                "The last byte of a float32 is missing.",
                "expected 4 values of tensor w but only 15 bytes are left");
        extra(
                tensor(3, "w", 8).varint(2).bytes(0, 0, 0),
                "The last byte of a float16 is missing.",
                "expected 2 values of tensor w but only 3 bytes are left");
    }

    /** Counts for which a reader that believed them would run out of memory. */
    private void hugeCounts(long count) {
        extra(
                FileBytes.version1().varint(count).bytes(0, 0),
                "It claims " + count + " inputs.",
                "inputs is " + count + ", but only 2 bytes are left in the file");
        extra(
                FileBytes.version1().varint(1).varint(count),
                "An input has rank " + count + ".",
                "is " + count + ", but only 0 bytes are left in the file");
        extra(
                FileBytes.version1().varint(0).varint(count),
                "It claims " + count + " tensors.",
                "tensors is " + count + ", but only 0 bytes are left in the file");
        extra(
                FileBytes.oneTensor().bytes(0).varint(count).raw(new byte[40]),
                "A name has " + count + " bytes.",
                "is " + count + ", but only 40 bytes are left in the file");
        extra(
                FileBytes.oneTensor().bytes(0).name("w").varint(count).raw(new byte[40]),
                "A tensor has rank " + count + ".",
                "is " + count + ", but only 40 bytes are left in the file");
        extra(
                tensor(0, "w", count).raw(new byte[40]),
                "A tensor has " + count + " elements.",
                "expected " + count + " values of tensor w");
        extra(
                tensor(2, "w", 1, count).raw(new byte[40]),
                "A tensor has " + count + " float16 elements.",
                "expected " + count + " values of tensor w");
        extra(
                tensor(1, "w", count).varint(count).raw(new byte[40]),
                "A tensor keeps " + count + " coefficients.",
                "expected " + count + " values of tensor w");
    }
}
