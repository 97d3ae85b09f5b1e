/**
 * The {@code .frq} file format: a network stored as its kept coefficients, entropy-coded.
 *
 * <p>Public types:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.format.FrqDocument}: the contents of a file; encodes, decodes,
 *       reads and writes it.
 *   <li>{@link io.github.freqreg.format.FrqEntry}: one tensor of a file, as coefficients or as
 *       elements.
 *   <li>{@link io.github.freqreg.format.SizedDocument}: the contents of a file with the bytes that
 *       each entry takes.
 *   <li>{@link io.github.freqreg.format.Precision}: how the values of an entry are stored: float32,
 *       float16 or multiples of a step.
 *   <li>{@link io.github.freqreg.format.WholeFile}: size-limited reading and atomic writing of any
 *       file.
 * </ul>
 *
 * <p>{@code FrqFrame} checks magic, version and checksum and picks the decoder. {@code FrqEncoder}
 * and {@code FrqDecoder} are the coder of the current version, with {@code ValueEncoder} and {@code
 * ValueDecoder} for the values of an entry; they write symbols through {@code RangeEncoder} and
 * {@code RangeDecoder} with the adaptive contexts of {@code FrqModels}, {@code BitModels} and
 * {@code MultipleModels}. Old versions have packages of their own, below this one: {@link
 * io.github.freqreg.format.v1}. Nothing here knows a DJL block or needs an engine.
 *
 * <h2>The file</h2>
 *
 * <pre>
 * file     = 'F' 'R' 'Q', version, content, checksum
 * version  = 1, 2, 3 or 4                       1 byte
 * checksum = CRC-32C of all bytes before it     4 bytes, little-endian
 * </pre>
 *
 * <p>A tensor is stored as coefficients of the orthonormal DCT-II over all axes, of which a file
 * holds the first {@code kept} in {@linkplain io.github.freqreg.spectrum.ZigzagOrder zigzag order}.
 * The axes are the tensor's own, or those of a shape that {@linkplain
 * io.github.freqreg.spectrum.SplitAxes splits} them; the order may be weighted. A tensor that is
 * not transformed (a bias, a normalisation parameter or statistic) is stored element by element in
 * row-major order. A running statistic of rank 1 may be stored as its first coefficients; a loader
 * rebuilds all of its elements, and the network keeps these.
 *
 * <p>A reader rejects, with {@code MalformedModelException}: an unknown magic or version, a wrong
 * checksum, a count that exceeds a limit or what the remaining bytes can encode, a name that is not
 * UTF-8 or appears twice, a value that is not finite, and bytes left over. Files are written in
 * version 4 if a tensor {@linkplain io.github.freqreg.spectrum.TensorStart starts} at the identity,
 * in version 3 if one has a seeded start, and otherwise in version 2; version 1 is read.
 *
 * <h2>Version 2</h2>
 *
 * <p>The content is an arithmetic code of a sequence of symbols: numbers, flags and values. In
 * parentheses stands the name of the set of adaptive contexts that a symbol uses. A file without
 * names holds the fingerprint of the network's structure instead of names and shapes.
 *
 * <pre>
 * content     = inputs, number(counts) of tensors, flag(named), [fingerprint], tensors
 * inputs      = number(counts), each: shape       the network's input shapes, at most 1024
 * shape       = rank number(counts), each extent plus one: number(extents of its axis)
 * fingerprint = 32 direct bits, if not named      see FrqDocument
 * tensor      = flag(spectral), [axes], precision, [name, extents], [count], values
 *                                                 at most 65536, in the network's order
 * axes        = if spectral: flag(own axes); if not own: rank number(counts), 0 for the tensor's
 *               own axes, each extent: number(extents of its axis); number(counts) of weights, 0
 *               if all are 1, each: number(counts), 1 to 64
 * precision   = flag(half); if not: flag(steps); if so, the step: tree of 8 bits (step exponents),
 *               an exponent x from 1 to 254, and 3 direct bits f: (8 + f) · 2^(x - 130)
 * name        = if named: number(shared) of leading bytes shared with the previous name, as many
 *               as there are;
 *               number(lengths) of further bytes, each: tree of 8 bits (letters, by the previous
 *               byte among these, 0 for the first);
 *               UTF-8, at most 1024 bytes, all names together at most 2²⁴
 * extents     = if named: flag(same rank) as the previous tensor, or rank number(counts), at most
 *               32; each axis: if the rank is the same, bit(same extent, axis) as the previous
 *               tensor; if not the same, number(extents of its axis)
 * count       = if spectral or not named: flag(same count) as the previous tensor with a count that
 *               is spectral like this one or not, with a context for each of the two kinds; or
 *               number(counts). Coefficients: 1 to the product of the extents, of which there is at
 *               least one and none is 0
 * values      = count, or the product of the extents, of
 *   half        tree of 5 bits (exponents), the exponent of a float16; 11 direct bits, the sign
 *               and the fraction
 *   float32     tree of 8 bits (exponents), the exponent; 24 direct bits, the sign and the fraction
 *   steps       multiple; the value is its product with the step, a float32
 * multiple    = q with |q| of k bits and at most 2²⁰: k bits 1, the i-th, from 0 on, in the context
 *               (b, i) of classes; a bit 0 in the context (b, k), left out for k = 21; if q is not
 *               0: a direct bit, 1 if q is negative; if k &gt; 1: the second highest bit of |q| in
 *               the context k of seconds, and the other k - 2 direct
 * </pre>
 *
 * <p>Here b is the number of bits of m, a running mean of the tensor's previous magnitudes in
 * sixteenths: m is 0 at first, and after the j-th multiple, from 0 on, m = m + (16 |q| - m) · 2 /
 * (2 min(j, 12) + 3), rounded towards zero. The contexts (b, i) start with a probability of a 0 of
 * 4000, 7000, 13000, 26000, 42000 or 50000 for i - (b - 4) of -3 or less, -2, -1, 0, 1, and 2 or
 * more; the contexts of seconds start with 37000. All count as if 3 bits had been seen, and their
 * probabilities stay in 360..65176. So a multiple takes more than 1/1024 of a byte, and a reader
 * rejects more multiples than 1024 for each byte left plus 8 that the decoder may have read ahead,
 * or than 2²⁷ in a tensor. In a weighted order the last coefficient is in one of the first 2¹⁶
 * shells.
 *
 * <p>A content has one encoding: what equals the previous tensor must be encoded as the same, and
 * the shared start of a name must be the longest; a reader rejects anything else. For the first
 * tensor, the previous name is empty, the previous rank is 0 and the previous counts are 0. A file
 * without names has at least one tensor. The axes from the sixth on share one set of contexts;
 * exponents have a set for each of the four kinds of tensor (spectral or not, half or not).
 *
 * <pre>
 * flag(c)   = one bit in context c
 * number(c) = v of 0 or more: with v + 1 = 2ᵇ + r, r &lt; 2ᵇ: b bits 1, the i-th in context i of c;
 *             a bit 0 in context b, left out for b = 63; and r as b direct bits
 * tree      = bits, the highest first, each in a context of its own for the bits before it
 * </pre>
 *
 * <p>The code is a binary fraction F between 0 and 1, given by its bytes, the most significant
 * first, followed by zeros. F lies in an interval, whose initial length {@code range} is 2³² - 1
 * and whose start is 0, both in units of 2⁻³². For each bit in a context, with {@code p} the
 * context's probability of a 0 in units of 2⁻¹⁶ (see {@code BitModels}),
 *
 * <pre>
 * bound = ⌊range / 2¹⁶⌋ · p
 * the bit is 0 if F lies in the first bound units, which become the interval; it is 1 if F lies in
 * the others, which then do
 * </pre>
 *
 * <p>Direct bits are coded in chunks of sixteen, the highest first, with the rest in the last
 * chunk. For a chunk of k bits, {@code range = ⌊range / 2ᵏ⌋}, and the chunk's value is the number
 * of whole such ranges between the start of the interval and F; the range that holds F becomes the
 * interval. A value of 2ᵏ or more, and a number of 2⁶³ or more, are rejected. After each bit or
 * chunk, while range is below 2²⁴, it is multiplied by 256 and the unit is divided by 256. The
 * encoder ends the code with the largest number in the interval that has the most zero bytes among
 * its last four, and leaves these out; a reader rejects every other ending.
 *
 * <h2>Version 3</h2>
 *
 * <p>A content of version 3 is one of version 2, except that a seed precedes the axes, and that
 * axes can be repeated:
 *
 * <pre>
 * axes = if spectral: seed, flag(own axes); if not own: flag(same axes) as the nearest
 *        previous tensor whose axes are not its own, 0 if there is none; if not the same, rank,
 *        extents and weights as in version 2
 * seed = flag(seeded); if so: flag(next), if the seed is that of the last tensor with a seed plus
 *        one, 0 + 1 for the first; if not next: 32 direct bits
 * </pre>
 *
 * <p>Seeds are numbers of 32 bits, which wrap around. A reader rejects a file without any seed,
 * direct bits of the next seed, a repeat without previous axes, and repeated axes that are not
 * encoded as such. {@link io.github.freqreg.spectrum.TensorStart.Seeded} specifies the start of a
 * seed.
 *
 * <h2>Version 4</h2>
 *
 * <p>A content of version 4 is one of version 3, except that a tensor without a seed can start at
 * the identity, see {@link io.github.freqreg.spectrum.TensorStart.Identity}:
 *
 * <pre>
 * axes  = as in version 3, with a start instead of the seed
 * start = flag(seeded); if so, the seed as in version 3; if not: flag(identity)
 * </pre>
 *
 * <p>A reader rejects a file without any identity, and one with the identity in a tensor whose
 * shape does not allow it; a file without names is checked when it is loaded. No tensor needs a
 * seed.
 *
 * <h2>Version 1</h2>
 *
 * <p>A <em>varint</em> is an unsigned LEB128 integer: seven bits a byte, low bits first, the high
 * bit set on all bytes but the last, of minimal length, at most nine bytes. All other numbers are
 * little-endian.
 *
 * <pre>
 * content = inputs tensors
 * inputs  = varint count, count × shape         the network's input shapes
 * tensors = varint count, count × tensor        the network's parameters, in its order
 * shape   = varint rank, rank × varint          each extent plus one, so that -1 is 0
 * tensor  = flags, name, rank, extents, [kept], values
 *   flags   1 byte   bit 0: the values are kept coefficients; bit 1: they are float16; others 0
 *   name    varint length, UTF-8
 *   rank    varint, 0 to 32; 1 or more for coefficients
 *   extents rank × varint, each 0 or more; 1 or more for coefficients
 *   kept    varint, only for coefficients: 1 to the product of the extents
 *   values  kept, or the product of the extents, × float16 or float32 (IEEE 754)
 * </pre>
 */
@NullMarked
package io.github.freqreg.format;

import org.jspecify.annotations.NullMarked;
