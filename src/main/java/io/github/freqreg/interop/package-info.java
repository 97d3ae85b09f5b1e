/**
 * The file formats of other programs: named arrays in safetensors and NumPy's npz. PyTorch's files
 * are read by {@link io.github.freqreg.interop.torch}.
 *
 * <p>Public types:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.interop.ArrayFile}: reads and writes named arrays as {@code
 *       .safetensors} and {@code .npz}, and reads {@code .pt}, {@code .pth} and {@code .bin}.
 *   <li>{@link io.github.freqreg.interop.DenseWeights}: the weights of a network as named arrays,
 *       and back.
 *   <li>{@link io.github.freqreg.interop.NameTable}: which array is loaded into which parameter.
 * </ul>
 *
 * <p>All files are untrusted. {@code SafetensorsReader}, {@code NpzReader} (with {@code
 * ZipDirectory} and {@code ZipExtractor}) and {@code NpyReader} validate every byte before a {@code
 * RawArray} becomes an array of the engine; {@code NpzWriter} writes what the latter two read.
 * {@code ShardedArrays} reads safetensors of several files by a {@code SafetensorsIndex}.
 *
 * <p>{@code WeightMatch} finds the array of each parameter, or lists all faults. {@code NameMatch}
 * proposes a table for files with other names, whose order {@code NameOrder} knows.
 *
 * <p>The package shares {@code WholeFile} with {@link io.github.freqreg.format} and knows nothing
 * of {@code .frq}.
 */
@NullMarked
package io.github.freqreg.interop;

import org.jspecify.annotations.NullMarked;
