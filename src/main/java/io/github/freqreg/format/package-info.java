/**
 * The {@code .frq} file: a network as the numbers it keeps, and nothing that can be derived.
 *
 * <p>Read {@link io.github.freqreg.format.FrqTensor} with {@link
 * io.github.freqreg.format.Precision} first, then {@link io.github.freqreg.format.FrqDocument};
 * then {@code FrqDecoder}, {@code Version2Encoder}, {@code Version2Decoder} with {@code
 * RangeEncoder}, {@code RangeDecoder}, {@code BitModels} and {@code MultipleModels}, and {@code
 * Version1Decoder}. {@link io.github.freqreg.format.SizedDocument} is a decoded file with the bytes
 * of each tensor. Nothing here knows of a block or needs an engine; {@link
 * io.github.freqreg.file.FrequencyFile} brings files and networks together.
 *
 * <p>{@link io.github.freqreg.format.TorchCheckpoint} reads the tensors of PyTorch's files, the
 * authors' published networks among them: {@code TorchPickle} knows the names, {@code
 * PickleMachine} the instructions that are allowed. {@link io.github.freqreg.format.ArrayFile} is
 * the way to and from other programs: {@code SafetensorsReader}, {@code NpzReader} and {@code
 * NpyReader} check every byte before a {@code RawArray} becomes an array of the engine, and {@code
 * NpzWriter} writes what the latter two read.
 *
 * <p>{@link io.github.freqreg.format.WholeFile} reads and writes all of these files.
 *
 * <h2>The file</h2>
 *
 * <pre>
 * file     = 'F' 'R' 'Q', version, content, checksum
 * version  = 1 or 2                             1 byte
 * checksum = CRC-32C of all bytes before it     4 bytes, little-endian
 * </pre>
 *
 * <p>Coefficients are those of the orthonormal DCT-II over all axes, the first {@code kept} of the
 * {@linkplain io.github.freqreg.spectrum.ZigzagOrder zigzag order}. They are along the tensor's own
 * axes, or along those of a shape that {@linkplain io.github.freqreg.spectrum.SplitAxes splits}
 * them; the order may be weighted. A tensor that is not in the frequency domain (a bias, a
 * normalisation parameter or statistic) is stored as it is, row-major. A running statistic of one
 * axis may be stored as its first coefficients along that axis; whoever loads it rebuilds all of
 * its elements, and the network keeps these.
 *
 * <p>A reader refuses, with {@code MalformedModelException}: another magic or version, a wrong
 * checksum, a count that does not fit the bytes that remain or is above a limit, a name that is not
 * UTF-8 or appears twice, a value that is not finite, and bytes left over. Files are written in
 * version 2; version 1 is read.
 *
 * <h2>Version 2</h2>
 *
 * <p>The content is the code of a sequence of symbols: numbers, flags and values. Without names it
 * holds the fingerprint of the network's structure in place of names and shapes.
 *
 * <pre>
 * content     = inputs, number(counts) of tensors, flag(named), [fingerprint], tensors
 * inputs      = number(counts), each: shape       shapes of the network's inputs, at most 1024
 * shape       = rank number(counts), each extent plus one: number(extents of its axis)
 * fingerprint = 32 direct bits, if not named      see FrqDocument
 * tensor      = flag(spectral), [axes], precision, [name, extents], [count], values
 *                                                 at most 65536, in the network's order
 * axes        = if spectral: flag(own axes); if not: rank number(counts), 0 for the tensor's own,
 *               each extent: number(extents of its axis); number(counts) of weights, 0 for all 1,
 *               each: number(counts), 1 to 64
 * precision   = flag(half); if not: flag(steps); if so, the step: tree of 8 bits (step exponents),
 *               an exponent x from 1 to 254, and 3 direct bits f: (8 + f) · 2^(x - 130)
 * name        = if named: number(shared) of bytes that it begins with as the last tensor's, at
 *               most all of those,
 *               number(lengths) of further bytes, each: tree of 8 bits (letters after the byte
 *               before it in this name's further bytes, 0 for the first);
 *               UTF-8, at most 1024 bytes, all names together at most 2²⁴
 * extents     = if named: flag(same rank) as the last tensor's, or rank number(counts);
 *               each axis: if the rank is the same, bit(same extent, axis) as the last tensor's;
 *               if not, number(extents of its axis); the rank is at most 32
 * count       = if spectral or not named: flag(same count) as the last such tensor's, with a
 *               context for coefficients and one for others, or number(counts); of coefficients
 *               1 to the product of the extents, on one axis or more, none of them 0
 * values      = count, or the product of the extents, of
 *   half        tree of 5 bits (exponents), the exponent of a float16; 11 direct bits, the sign
 *               and the fraction
 *   float32     tree of 8 bits (exponents), the exponent; 24 direct bits
 *   steps       multiple; the value is its product with the step, a float32
 * multiple    = q of at most 2²⁰, |q| of k bits: k bits 1, the i-th in the context (b, i) of
 *               classes, from 0 on; a bit 0 in the context (b, k), left out for k = 21; if q is not
 *               0: a direct bit, 1 if q is below 0; if k &gt; 1: the second highest bit of |q| in
 *               the context k of seconds, and the other k - 2 direct
 * </pre>
 *
 * <p>Of the multiples, b is the number of bits of a mean m of the magnitudes before in the tensor,
 * in sixteenths: 0 at first, and after the j-th, from 0 on, m = m + (16 |q| - m) · 2 / (2 min(j,
 * 12) + 3), rounded towards zero. The contexts (b, i) start with a probability of a 0 of 4000,
 * 7000, 13000, 26000, 42000 or 50000, for i - (b - 4) up to -3, -2, -1, 0, 1, and from 2 on, those
 * of seconds with 37000, all as if 3 bits had been seen; they stay in 360..65176. So a multiple
 * takes more than 1/1024 of a byte, and a reader refuses more of them than 1024 for each byte that
 * is left, and for 8 that may be in the coder, or than 2²⁷ in a tensor. In a weighted order the
 * last coefficient is in one of the first 2¹⁶ shells.
 *
 * <p>What is as the last tensor's is said to be so, and the shared start of a name is the longest;
 * everything else is refused, so that a content has one file. A file without names has one tensor
 * or more. At first, the last tensor's name is empty, its rank 0, and the last counts are 0. What
 * stands in parentheses names the set of contexts. Axes 5 and up share one; exponents have a set
 * for each of the four kinds of tensor (spectral or not, half or not).
 *
 * <pre>
 * flag(c)   = one bit in context c
 * number(c) = v of 0 or more: with v + 1 = 2ᵇ + r, r &lt; 2ᵇ: b bits 1, the i-th in context i of c;
 *             a bit 0 in context b, left out for b = 63; and r as b direct bits
 * tree      = bits, the highest first, each in a context of its own for the bits before it
 * </pre>
 *
 * <p>The code is a binary fraction F between 0 and 1, given by its bytes, the highest first, with
 * zeros behind the last. An interval holds it, at first of length {@code range} = 2³² - 1 and start
 * 0, both in units of 2⁻³² of F's first 32 bits. For each bit in a context, with {@code p} the
 * context's probability of a 0 in units of 2⁻¹⁶ (see {@code BitModels}),
 *
 * <pre>
 * bound = ⌊range / 2¹⁶⌋ · p
 * a 0 if F lies in the first bound units; these are the new interval. Else a 1, and the others are
 * </pre>
 *
 * <p>Direct bits are taken sixteen at a time, the highest first, the rest last: for a chunk of k
 * bits, {@code range = ⌊range / 2ᵏ⌋}, and its value is the number of whole such ranges between the
 * interval's start and F; the interval then is that range. A value of 2ᵏ or more, and a number of
 * 2⁶³ or more, are refused. After each bit or chunk, while range is below 2²⁴, it is multiplied by
 * 256, and so is the unit divided. A writer ends with the largest number of the interval that has
 * the most zero bytes among its last four, and leaves these out; a reader refuses every other end.
 *
 * <h2>Version 1</h2>
 *
 * <p>Integers named <em>varint</em> are unsigned LEB128: seven bits a byte, low bits first, the
 * high bit set on all bytes but the last, in the fewest bytes, at most nine. All other numbers are
 * little-endian.
 *
 * <pre>
 * content = inputs tensors
 * inputs  = varint count, count × shape         shapes of the network's inputs
 * tensors = varint count, count × tensor        in the order of the network's parameters
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
package io.github.freqreg.format;
