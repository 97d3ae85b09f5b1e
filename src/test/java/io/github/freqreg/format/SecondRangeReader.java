package io.github.freqreg.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.Shape;
import io.github.freqreg.spectrum.FrequencyAxes;
import io.github.freqreg.spectrum.TensorStart;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the content of valid files of versions 2 to 4 by the specification, with the interval as
 * the specification states it, in unbounded integers. It shares no code with the library.
 */
final class SecondRangeReader {

    private final BigInteger number;
    private final int bytes;
    private final int version;
    private int seed;
    private FrequencyAxes lastAxes = FrequencyAxes.OWN;
    private final Map<String, int[]> contexts = new HashMap<>();
    private BigInteger low = BigInteger.ZERO;
    private long range = 0xffffffffL;
    private int shifts;

    SecondRangeReader(byte[] code, int version) {
        this.version = version;
        bytes = code.length;
        number = new BigInteger(1, code);
    }

    FrqDocument read() {
        List<Shape> inputs = new ArrayList<>();
        for (long left = number("counts"); left > 0; left--) {
            long[] extents = new long[(int) number("counts")];
            for (int axis = 0; axis < extents.length; axis++) {
                extents[axis] = number("extents " + Math.min(axis, 5)) - 1;
            }
            inputs.add(new Shape(extents));
        }
        long count = number("counts");
        boolean named = bit("named") == 1;
        int fingerprint = named ? 0 : (int) direct(32);
        List<FrqEntry> tensors = new ArrayList<>();
        byte[] name = {};
        long[] extents = {};
        long[] counts = {0, 0};
        for (int i = 0; i < count; i++) {
            int spectral = bit("spectral");
            FrequencyAxes axes = spectral == 1 ? axes() : null;
            int half = bit("half");
            boolean stepped = half == 0 && bit("steps") == 1;
            float step = 0;
            if (stepped) {
                int exponent = tree("step exponents", 8);
                step = (float) Math.scalb(8.0 + direct(3), exponent - 127 - 3);
            }
            if (named) {
                name = name(name);
                extents = extents(extents);
            }
            long stored = Arrays.stream(extents).reduce(1, (a, b) -> a * b);
            if (spectral == 1 || !named) {
                if (bit("same count " + spectral) == 0) {
                    counts[spectral] = number("counts");
                }
                stored = counts[spectral];
            }
            float[] values = new float[(int) stored];
            long mean = 0;
            for (int j = 0; j < values.length; j++) {
                if (!stepped) {
                    values[j] = value("exponents " + spectral + half, half == 1);
                    continue;
                }
                long multiple = multiple(mean);
                values[j] = multiple * step;
                long change = 16 * Math.abs(multiple) - mean;
                mean += change * 2 / (2 * Math.min(j, 12) + 3);
            }
            tensors.add(
                    new FrqEntry(
                            named ? new String(name, StandardCharsets.UTF_8) : null,
                            named ? new Shape(extents) : null,
                            axes,
                            stepped
                                    ? Precision.ofStep(step)
                                    : half == 1 ? Precision.FLOAT16 : Precision.FLOAT32,
                            values));
        }
        // All bytes were needed, and at most four zeros after them.
        int seen = 4 + shifts;
        assertEquals(bytes, Math.min(bytes, seen));
        return named
                ? new FrqDocument(inputs, tensors)
                : new FrqDocument(inputs, tensors, fingerprint);
    }

    private byte[] name(byte[] last) {
        int shared = (int) number("shared");
        byte[] name = Arrays.copyOf(last, shared + (int) number("lengths"));
        int before = 0;
        for (int i = shared; i < name.length; i++) {
            before = tree("letters " + before, 8);
            name[i] = (byte) before;
        }
        return name;
    }

    private long[] extents(long[] last) {
        boolean same = bit("same rank") == 1;
        long[] extents = new long[same ? last.length : (int) number("counts")];
        for (int axis = 0; axis < extents.length; axis++) {
            int context = Math.min(axis, 5);
            extents[axis] =
                    same && bit("same extent " + context) == 1
                            ? last[axis]
                            : number("extents " + context);
        }
        return extents;
    }

    private float value(String context, boolean half) {
        int exponent = tree(context, half ? 5 : 8);
        int rest = (int) direct(half ? 11 : 24);
        return half
                ? SecondReader.half(rest / 1024 * 32768 + exponent * 1024 + rest % 1024)
                : Float.intBitsToFloat((rest >>> 23 << 31) | exponent << 23 | rest % (1 << 23));
    }

    private FrequencyAxes axes() {
        if (version > 2 && bit("seeded") == 1) {
            seed = bit("next") == 1 ? seed + 1 : (int) direct(32);
            return withoutStart().startingAt(new TensorStart.Seeded(seed));
        }
        boolean identity = version == 4 && bit("identity") == 1;
        return identity ? withoutStart().startingAt(TensorStart.IDENTITY) : withoutStart();
    }

    private FrequencyAxes withoutStart() {
        if (bit("own axes") == 1) {
            return FrequencyAxes.OWN;
        }
        if (version == 2 || bit("same axes") == 0) {
            lastAxes = otherAxes();
        }
        return lastAxes;
    }

    private FrequencyAxes otherAxes() {
        long[] split = new long[(int) number("counts")];
        for (int axis = 0; axis < split.length; axis++) {
            split[axis] = number("extents " + Math.min(axis, 5));
        }
        List<Integer> weights = new ArrayList<>();
        for (long left = number("counts"); left > 0; left--) {
            weights.add((int) number("counts"));
        }
        return new FrequencyAxes(split.length == 0 ? null : new Shape(split), weights);
    }

    /** Decodes a multiple, given the mean magnitude of the previous ones in sixteenths. */
    private long multiple(long mean) {
        int[] likely = {4000, 7000, 13000, 26000, 42000, 50000};
        int bits = (int) Math.ceil(Math.log(mean + 1) / Math.log(2) - 1e-9);
        int size = 0;
        while (size < 21) {
            int start = likely[Math.max(0, Math.min(5, size - (bits - 4) + 3))];
            if (bit("class " + bits + " " + size, start) == 0) {
                break;
            }
            size++;
        }
        if (size == 0) {
            return 0;
        }
        long sign = direct(1) == 1 ? -1 : 1;
        long magnitude = 1;
        if (size > 1) {
            magnitude = 2L + bit("second of class " + size, 37000);
            magnitude = (magnitude << (size - 2)) + direct(size - 2);
        }
        return sign * magnitude;
    }

    private long number(String context) {
        int ones = 0;
        while (ones < 63 && bit(context + ", bit " + ones) == 1) {
            ones++;
        }
        return (1L << ones) + direct(ones) - 1;
    }

    private int tree(String context, int bits) {
        String node = "";
        for (int i = 0; i < bits; i++) {
            node += bit(context + ", after " + node);
        }
        return Integer.parseInt(node, 2);
    }

    private int bit(String context) {
        return bit(context, 32768);
    }

    private int bit(String context, int start) {
        int[] model =
                contexts.computeIfAbsent(context, c -> new int[] {start, start == 32768 ? 0 : 3});
        long bound = range / 65536 * model[0];
        int bit = take(bound) ? 0 : 1;
        if (bit == 0) {
            range = bound;
        } else {
            low = low.add(BigInteger.valueOf(bound));
            range -= bound;
        }
        model[0] += ((1 - bit) * 65536 - model[0]) * 2 / (2 * model[1] + 3);
        int least = start == 32768 ? 64 : 360;
        model[0] = Math.max(least, Math.min(65536 - least, model[0]));
        model[1] = Math.min(126, model[1] + 1);
        widen();
        return bit;
    }

    private long direct(int bits) {
        long value = 0;
        for (int left = bits; left > 0; ) {
            int chunk = Math.min(16, left);
            range /= 1 << chunk;
            long part = offset() / range;
            low = low.add(BigInteger.valueOf(part * range));
            value = (value << chunk) + part;
            left -= chunk;
            widen();
        }
        return value;
    }

    private boolean take(long bound) {
        return offset() < bound;
    }

    /** Returns the distance of the code from the start of the interval. */
    private long offset() {
        int digits = 4 + shifts;
        BigInteger scaled =
                digits >= bytes
                        ? number.shiftLeft(8 * (digits - bytes))
                        : number.shiftRight(8 * (bytes - digits));
        return scaled.subtract(low).longValueExact();
    }

    private void widen() {
        while (range < 1 << 24) {
            range *= 256;
            low = low.shiftLeft(8);
            shifts++;
        }
    }
}
