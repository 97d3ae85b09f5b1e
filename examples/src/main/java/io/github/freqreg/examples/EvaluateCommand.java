package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import io.github.freqreg.FrequencyFile;
import io.github.freqreg.examples.Classification.Score;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures a saved network on the test set. */
@Command(
        name = "evaluate",
        description = "Measures a .frq file on the test set.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {

    @Mixin private NetworkArguments arguments;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "FILE",
            description = "the .frq file to measure")
    private Path weights;

    @Spec private CommandSpec spec;

    /** {@inheritDoc} */
    @Override
    public Integer call() throws IOException, MalformedModelException {
        Digits.Split digits = Digits.load(arguments.data());
        Score score = evaluate(weights, digits, arguments.device(spec));
        PrintWriter out = spec.commandLine().getOut();
        out.println(score);
        out.flush();
        return 0;
    }

    /** Loads a file into a fresh network and measures it. */
    static Score evaluate(Path file, Digits.Split digits, Device device)
            throws IOException, MalformedModelException {
        try (Model model = Model.newInstance("lenet", device)) {
            model.setBlock(LeNet.build());
            FrequencyFile.load(model, file);
            return Classification.evaluate(model.getBlock(), model.getNDManager(), digits.test());
        }
    }
}
