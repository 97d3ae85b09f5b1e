package io.github.freqreg.format;

import static io.github.freqreg.format.Precision.Kind.FLOAT16;
import static io.github.freqreg.format.Precision.Kind.FLOAT32;
import static io.github.freqreg.format.Precision.Kind.STEPS;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.format.FrqModels.Flag;
import io.github.freqreg.spectrum.FrequencyAxes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Files of version 2 that a reader must accept or refuse. Their checksums are correct. */
final class Version2Samples {

    private final List<Sample> samples = new ArrayList<>();

    private Version2Samples() {}

    static List<Sample> all() {
        Version2Samples all = new Version2Samples();
        all.good();
        all.counts();
        all.names();
        all.shapes();
        all.multiples();
        all.axes();
        all.repeats();
        return all.samples;
    }

    private void bad(String name, UnaryOperator<CodeBytes> content, String why, String message) {
        byte[] file = content.apply(new CodeBytes()).seal();
        samples.add(Sample.bad("2-" + name + ".frq", file, why, message));
    }

    private void extra(UnaryOperator<CodeBytes> content, String why, String message) {
        samples.add(Sample.extra(content.apply(new CodeBytes()).seal(), why, message));
    }

    /** A linear layer: 2 of 6 coefficients of its weight, and its bias. */
    static FrqDocument linear() {
        return new FrqDocument(
                List.of(new Shape(-1, 3)),
                List.of(
                        new FrqEntry(
                                "01Linear_weight",
                                new Shape(2, 3),
                                FrequencyAxes.OWN,
                                Precision.FLOAT16,
                                new float[] {1, -0.5f}),
                        new FrqEntry(
                                "01Linear_bias",
                                new Shape(2),
                                null,
                                Precision.FLOAT32,
                                new float[] {0.25f, -1e-6f})));
    }

    private static FrqDocument steps() {
        FrqEntry entry =
                new FrqEntry(
                        "01Linear_weight",
                        new Shape(2, 12),
                        new FrequencyAxes(new Shape(2, 3, 4), List.of(1, 2, 2)),
                        Precision.ofStep(0.25f),
                        new float[] {1, -0.25f, 0, 2});
        return new FrqDocument(List.of(), List.of(entry));
    }

    private void good() {
        samples.add(Sample.good("2-linear.frq", linear().encode(), "The same layer in version 2."));
        samples.add(
                Sample.good(
                        "2-bare.frq",
                        linear().withoutNames().encode(),
                        "The same without names and shapes, identified by its fingerprint."));
        samples.add(
                Sample.good(
                        "2-steps.frq",
                        steps().encode(),
                        "Multiples of a step on split and weighted axes."));
    }

    private void counts() {
        bad(
                "inputs",
                c -> c.count(1025),
                "It claims 1025 inputs; the limit is 1024.",
                "number of inputs of at most 1024 but found 1025");
        extra(
                c -> c.count(1).count(33),
                "An input has rank 33.",
                "rank of input 0 of at most 32 but found 33");
        extra(
                c -> c.count(1).count(1).extent(0, Long.MIN_VALUE),
                "An extent of an input is 2^63.",
                "extent of input 0 does not fit 63 bits");
        bad(
                "tensors",
                c -> c.count(0).count(65_537),
                "It claims 65,537 tensors; the limit is 65,536.",
                "number of tensors of at most 65536 but found 65537");
        bad(
                "nothing",
                c -> c.count(0).count(0).flag(Flag.NAMED, false),
                "It has neither names nor tensors.",
                "expected tensors in a file without names");
    }

    private void names() {
        bad(
                "name",
                c -> c.elements(FLOAT32).lengths(0, 1025),
                "A name has 1025 bytes; the limit is 1024.",
                "length of name 0 of at most 1024 but found 1025");
        bad(
                "name-shared",
                c -> c.elements(FLOAT32).shared(1),
                "The first name shares a byte with a previous name, which does not exist.",
                "shared start of name 0 of at most 0 but found 1");
        extra(
                c -> c.elements(FLOAT32).name(0xff),
                "A name is not UTF-8.",
                "the name of tensor 0 is not UTF-8");
        bad(
                "name-twice",
                c ->
                        c.count(0)
                                .count(2)
                                .flag(Flag.NAMED, true)
                                .nextElements(FLOAT16)
                                .name('w')
                                .shape(0)
                                .nextElements(FLOAT16)
                                .lengths(1, 0)
                                .flag(Flag.SAME_RANK, true)
                                .sameExtent(0),
                "Two tensors are named w.",
                "tensor w appears twice");
    }

    private void shapes() {
        extra(
                c -> c.elements(FLOAT32).name('w').flag(Flag.SAME_RANK, false).count(33),
                "A tensor has rank 33.",
                "rank of tensor w of at most 32 but found 33");
        bad(
                "size",
                c -> c.elements(FLOAT32).name('w').shape(1L << 40, 1L << 40),
                "A tensor has 2^80 elements.",
                "the size of tensor w is too large");
        extra(
                c -> c.coefficients(FLOAT32).name('w').flag(Flag.SAME_RANK, true),
                "A tensor of rank 0 has coefficients.",
                "tensor w has coefficients but no axis");
        extra(
                c ->
                        c.coefficients(FLOAT32)
                                .name('w')
                                .shape(3)
                                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, true),
                "A tensor keeps no coefficient.",
                "expected tensor w to keep 1 to 3 coefficients but found 0");
        extra(
                c ->
                        c.coefficients(FLOAT16)
                                .name('w')
                                .shape(3)
                                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                .count(4),
                "A tensor of 3 elements keeps 4 coefficients.",
                "expected tensor w to keep 1 to 3 coefficients but found 4");
        bad(
                "values",
                c -> c.elements(FLOAT32).name('w').shape(1L << 40),
                "A tensor has 2^40 values but no bytes for them.",
                "expected 1099511627776 values of tensor w but only");
        bad(
                "nan",
                c -> c.elements(FLOAT16).name('w').shape(1).half(0x7e00),
                "A float16 is NaN.",
                "value 0 of tensor w is NaN");
        extra(
                c -> c.elements(FLOAT16).name('w').shape(1).half(0xfc00),
                "A float16 is infinite.",
                "value 0 of tensor w is -Infinity");
    }

    private void multiples() {
        bad(
                "multiples",
                c -> c.elements(STEPS).step(127, 0).name('w').shape(1 << 20),
                "A tensor has 2^20 multiples, more than 1024 for each byte.",
                "expected 1048576 values of tensor w but only");
        bad(
                "multiple",
                c -> c.elements(STEPS).step(127, 0).name('w').shape(1).multiple(1_048_577),
                "A multiple is 2^20 + 1; the limit is 2^20.",
                "expected at most 1048576 quantisation steps but value 0 of tensor w has 1048577");
        bad(
                "step",
                c -> c.elements(STEPS).step(0, 1),
                "A step is below the smallest normal float32.",
                "step of tensor 0 with an exponent from 1 to 254 but found 0");
        extra(
                c -> c.elements(STEPS).step(255, 0),
                "A step is infinite.",
                "step of tensor 0 with an exponent from 1 to 254 but found 255");
        bad(
                "infinite",
                c -> c.elements(STEPS).step(254, 7).name('w').shape(1).multiple(-8),
                "The product of a multiple and its step overflows.",
                "value 0 of tensor w is -Infinity");
    }

    private void axes() {
        bad(
                "weight",
                c -> c.otherAxes().count(0).count(1).count(65),
                "The weight of an axis is 65; the limit is 64.",
                "weight of tensor 0 of at most 64 but found 65");
        extra(
                c -> c.otherAxes().count(0).count(1).count(0),
                "The weight of an axis is 0.",
                "one zigzag weight from 1 to 64 for each axis of tensor 0 but found [0]");
        extra(
                c -> c.otherAxes().count(2).extent(0, 3).extent(1, 4).count(1).count(2),
                "Two axes have one weight.",
                "one zigzag weight from 1 to 64 for each axis of tensor 0 but found [2]");
        extra(
                c -> c.otherAxes().count(0).count(0),
                "A tensor's own axes are not encoded as such.",
                "the axes of tensor 0 have a shorter encoding");
        bad(
                "split",
                c -> c.otherAxes().count(1).extent(0, 4).count(0).kind(FLOAT16).name('w').shape(3),
                "A tensor of 3 elements is split into 4.",
                "the axes of tensor w do not fit it");
        extra(
                c ->
                        c.otherAxes()
                                .count(0)
                                .count(2)
                                .count(64)
                                .count(1)
                                .kind(STEPS)
                                .step(127, 0)
                                .name('w')
                                .shape(1L << 40, 2)
                                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                .count(4_000)
                                .zeros(4_000),
                "The last coefficient of a weighted order is beyond the limit of shells.",
                "of coefficient 3999 exceeds 65536");
    }

    /** Files that are not the one encoding of their content. */
    private void repeats() {
        bad(
                "rank-again",
                c -> c.elements(FLOAT16).name('w').shape(),
                "A rank repeats the previous one but is not encoded as a repeat; a content has one"
                        + " encoding.",
                "the rank of tensor w repeats the previous one but is not encoded as a repeat");
        extra(
                c ->
                        c.coefficients(FLOAT32)
                                .name('w')
                                .shape(3)
                                .flag(Flag.SAME_COUNT_OF_COEFFICIENTS, false)
                                .count(0),
                "A number of values repeats the previous one but is not encoded as a repeat.",
                "the number of values of tensor w repeats the previous one");
        byte[] file = linear().encode();
        samples.add(
                Sample.bad(
                        "2-end.frq",
                        FileBytes.sealed(Arrays.copyOf(file, file.length + 1)),
                        "The code has a byte more than it needs.",
                        "the code ends in bytes that no encoder writes"));
    }
}
