/**
 * Files of PyTorch: checkpoints, and TorchScript archives.
 *
 * <p>Public types:
 *
 * <ul>
 *   <li>{@link io.github.freqreg.interop.torch.TorchCheckpoint}: reads the network of a checkpoint,
 *       as training scripts save it: tensors dense and sparse, including the networks published
 *       with the paper.
 *   <li>{@link io.github.freqreg.interop.torch.TorchTensor}: one tensor of a checkpoint.
 *   <li>{@link io.github.freqreg.interop.torch.TorchScript}: loads TorchScript networks so that all
 *       of their numbers can be compressed.
 *   <li>{@link io.github.freqreg.interop.torch.TorchScriptArchive}: the {@link
 *       io.github.freqreg.interop.torch.TorchScriptParameter}s of a TorchScript network, and the
 *       {@link io.github.freqreg.interop.torch.TorchScriptOperator}s that take them.
 *   <li>{@link io.github.freqreg.interop.torch.TorchScriptSkeleton}: writes such a network without
 *       its weights.
 * </ul>
 *
 * <p>All files are untrusted. Checkpoints and archives are parsed without running them; only {@code
 * TorchScript.load} hands the code of an archive to PyTorch. For checkpoints, {@code TorchArchive}
 * checks the zip archive, {@code PickleMachine} interprets the pickle instructions that are
 * allowed, {@code TorchPickle} the names, {@code NetworkPart} finds the network among what they
 * build, and {@code StorageReader} copies its {@code StridedView}s and {@code SparseView}s.
 *
 * <p>Of a TorchScript archive, {@code TorchRecords} opens the zip archive, {@code PickleTree} reads
 * the pickle as {@code PickleNode} values, and {@code ScriptSource} parses the code, with {@code
 * ScriptLine} for tokens and {@code ScriptExpressionParser} for expressions. {@code ModuleTensors}
 * lists the tensors of the modules, and {@code OperatorSearch} follows them through the code to the
 * operators of {@code OperatorSignature}. {@code StorageBounds} refuses tensors that LibTorch would
 * read from other memory. For a skeleton, {@code RunningStatistics} and {@code ScriptBundle}
 * rewrite the code, {@code PickleEncoder} writes the pickle and {@code AlignedZip} the archive.
 */
@NullMarked
package io.github.freqreg.interop.torch;

import org.jspecify.annotations.NullMarked;
