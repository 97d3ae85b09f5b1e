/**
 * The file formats of other programs: arrays in safetensors, NumPy's npz and PyTorch checkpoints,
 * and networks in TorchScript archives.
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
 *   <li>{@link io.github.freqreg.interop.TorchScript}: loads TorchScript networks so that all of
 *       their numbers can be compressed.
 *   <li>{@link io.github.freqreg.interop.TorchScriptArchive}: the {@link
 *       io.github.freqreg.interop.TorchScriptParameter}s of a TorchScript network, and the {@link
 *       io.github.freqreg.interop.TorchScriptOperator}s that take them.
 *   <li>{@link io.github.freqreg.interop.TorchScriptSkeleton}: writes such a network without its
 *       weights.
 * </ul>
 *
 * <p>All files are untrusted. {@code SafetensorsReader}, {@code NpzReader} (with {@code
 * ZipDirectory} and {@code ZipExtractor}) and {@code NpyReader} validate every byte before a {@code
 * RawArray} becomes an array of the engine; {@code NpzWriter} writes what the latter two read.
 * {@code ShardedArrays} reads safetensors of several files by a {@code SafetensorsIndex}. For
 * checkpoints, {@code TorchArchive} checks the zip archive, {@code PickleMachine} interprets the
 * pickle instructions that are allowed, {@code TorchPickle} the names, {@code NetworkPart} finds
 * the network among what they build, and {@code StorageReader} copies its {@code StridedView}s and
 * {@code SparseView}s.
 *
 * <p>{@code WeightMatch} finds the array of each parameter, or lists all faults. {@code NameMatch}
 * proposes a table for files with other names, whose order {@code NameOrder} knows.
 *
 * <p>Of a TorchScript archive, {@code TorchRecords} opens the zip archive, {@code PickleTree} reads
 * the pickle as {@code PickleNode} values, and {@code ScriptSource} parses the code, with {@code
 * ScriptLine} for tokens and {@code ScriptExpressionParser} for expressions. {@code ModuleTensors}
 * lists the tensors of the modules, and {@code OperatorSearch} follows them through the code to the
 * operators of {@code OperatorSignature}. {@code StorageBounds} refuses tensors that LibTorch would
 * read from other memory. For a skeleton, {@code PickleEncoder} writes the pickle and {@code
 * AlignedZip} the archive. Nothing in an archive is run.
 *
 * <p>The package shares {@code WholeFile} with {@link io.github.freqreg.format} and knows nothing
 * of {@code .frq}.
 */
@NullMarked
package io.github.freqreg.interop;

import org.jspecify.annotations.NullMarked;
