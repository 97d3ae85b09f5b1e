package io.github.freqreg.examples.cli;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.TorchNames;
import io.github.freqreg.examples.tasks.WeightFile;
import io.github.freqreg.format.WholeFile;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the weights of a saved network in formats that PyTorch and NumPy read. */
@Command(
        name = "export",
        description = "Writes the weights of a saved network as .safetensors or .npz.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExportCommand implements Callable<Integer> {

    @Parameters(paramLabel = "NETWORK", description = NetworkArguments.NETWORKS)
    private Network network;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the file to load: " + WeightFile.KINDS)
    private Path weights;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "W.safetensors|W.npz",
            description =
                    "the file to write, with PyTorch's parameter names where the network has them")
    private Path out;

    @Option(
            names = "--coefficients",
            description =
                    "write the kept coefficients in zigzag order, with shapes and axes, instead of"
                            + " the dense weights")
    private boolean coefficients;

    @Mixin private ShapeArguments shape;

    @Mixin private WeightOptions weightOptions;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        if (!ArrayFile.isWritable(out)) {
            throw new ParameterException(
                    spec.commandLine(), "--out must end with .safetensors or .npz but is " + out);
        }
        WholeFile.checkWritable(out);
        shape.check(network);
        try (Model model = Model.newInstance("exported");
                NDManager manager = NDManager.newBaseManager()) {
            try (WeightFile file = weightOptions.open(weights)) {
                shape.load(network, model, file);
            }
            Block block = model.getBlock();
            UnaryOperator<String> names = TorchNames.of(network, block);
            NDList arrays =
                    coefficients
                            ? DenseWeights.coefficientsOf(block, manager, names)
                            : DenseWeights.of(block, manager, names);
            ArrayFile.write(arrays, out);
            PrintWriter output = spec.commandLine().getOut();
            output.printf(
                    Locale.ROOT,
                    "%s: %d arrays, %,d numbers, %,d bytes%n",
                    out,
                    arrays.size(),
                    arrays.stream().mapToLong(NDArray::size).sum(),
                    Files.size(out));
            output.flush();
        }
        return 0;
    }
}
