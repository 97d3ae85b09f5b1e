/**
 * Arrays in the file formats of other programs: safetensors, NumPy's npz, and PyTorch checkpoints.
 *
 * <p>Public types:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.interop.ArrayFile}: reads and writes named arrays as {@code
 *       .safetensors} and {@code .npz}, and reads {@code .pt}, {@code .pth} and {@code .bin}.
 *   <li>{@link io.github.freqreg.interop.TorchCheckpoint}: reads the network of a PyTorch
 *       checkpoint, as training scripts save it: tensors dense and sparse, including the networks
 *       published with the paper.
 *   <li>{@link io.github.freqreg.interop.TorchTensor}: one tensor of a checkpoint.
 *   <li>{@link io.github.freqreg.interop.DenseWeights}: the weights of a network as named arrays,
 *       and back.
 *   <li>{@link io.github.freqreg.interop.NameTable}: which array is loaded into which parameter.
 * </ul>
 *
 * <p>All files are untrusted. {@code SafetensorsReader}, {@code NpzReader} (with {@code
 * ZipDirectory} and {@code ZipExtractor}) and {@code NpyReader} validate every byte before a {@code
 * RawArray} becomes an array of the engine; {@code NpzWriter} writes what the latter two read.
 * {@code ShardedArrays} reads safetensors of several files by a {@code SafetensorsIndex}. For
 * checkpoints, {@code TorchArchive} opens the zip archive, {@code PickleMachine} interprets the
 * pickle instructions that are allowed, {@code TorchPickle} the names, {@code NetworkPart} finds
 * the network among what they build, and {@code StorageReader} copies its {@code StridedView}s and
 * {@code SparseView}s.
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
