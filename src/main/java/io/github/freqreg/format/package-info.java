/**
 * The {@code .frq} file: a network as the numbers it keeps, and nothing that can be derived.
 *
 * <p>Read {@link io.github.freqreg.format.FrqTensor} first, then {@link
 * io.github.freqreg.format.FrqDocument}. Nothing here knows of a block or needs an engine; {@link
 * io.github.freqreg.FrequencyFile} brings files and networks together.
 *
 * <p>{@link io.github.freqreg.format.TorchCheckpoint} reads the tensors of PyTorch's files, the
 * authors' published networks among them: {@code TorchPickle} knows the names, {@code
 * PickleMachine} the instructions that are allowed.
 *
 * <h2>Version 1</h2>
 *
 * <p>Integers named <em>varint</em> are unsigned LEB128: seven bits a byte, low bits first, the
 * high bit set on all bytes but the last, in the fewest bytes, at most nine. All other numbers are
 * little-endian.
 *
 * <pre>
 * file    = magic version inputs tensors checksum
 * magic   = 'F' 'R' 'Q'                         3 bytes
 * version = 1                                   1 byte
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
 * checksum = CRC-32C of all bytes before it     4 bytes
 * </pre>
 *
 * <p>Coefficients are those of the orthonormal DCT-II over all axes, the first {@code kept} of the
 * {@linkplain io.github.freqreg.spectrum.ZigzagOrder zigzag order}. A tensor that is not in the
 * frequency domain (a bias, a normalisation parameter or statistic) is stored as it is, row-major.
 *
 * <p>A reader refuses, with {@code MalformedModelException}: another magic or version, a wrong
 * checksum, a count that does not fit the bytes that remain, unknown flags, a name that is not
 * UTF-8 or appears twice, a value that is not finite, and bytes left over.
 */
package io.github.freqreg.format;
