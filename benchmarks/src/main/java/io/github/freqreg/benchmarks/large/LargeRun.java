package io.github.freqreg.benchmarks.large;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.file.Quantization;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.LayerType;
import io.github.freqreg.training.BufferRetention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Does with one large network, in a process of its own, what a user does: wrap, train, predict,
 * quantise, save and load. The time and the peak memory of each part make a row of a table. Memory
 * is the resident memory of the whole process, which only Linux tells.
 *
 * <p>Only the first run of each part is timed, as a user would see it, except for training steps:
 * the first one and the mean of two more.
 */
final class LargeRun {

    private static final int MORE_STEPS = 2;
    private static final int SMALLER = 16;
    private static final double GIB = 1 << 20;

    private final LargeNetwork network;
    private final boolean trained;
    private final double rate;
    private final Map<String, String> parts = new LinkedHashMap<>();

    /**
     * Prepares a run.
     *
     * @param trained whether the network has weights when it is wrapped
     * @param rate of kept coefficients; 0 for a network that is not wrapped
     */
    private LargeRun(LargeNetwork network, boolean trained, double rate) {
        this.network = network;
        this.trained = trained;
        this.rate = rate;
    }

    /** A part of the run. */
    @FunctionalInterface
    private interface Part {

        void run() throws IOException, MalformedModelException;
    }

    /**
     * Runs one case.
     *
     * @param args the network, {@code fresh} or {@code trained}, the rate, and the file to write
     */
    public static void main(String[] args) throws IOException, MalformedModelException {
        LargeNetwork network = LargeNetwork.valueOf(args[0]);
        LargeRun run =
                new LargeRun(network, args[1].equals("trained"), Double.parseDouble(args[2]));
        run.run();
        String way = run.rate == 0 ? "dense" : args[1] + ", rate " + args[2];
        Files.writeString(
                Path.of(args[3]),
                "| "
                        + network.title()
                        + " | "
                        + way
                        + " | "
                        + String.join(" | ", run.parts.values())
                        + " |");
    }

    private void run() throws IOException, MalformedModelException {
        Engine.getInstance().setRandomSeed(1);
        Path folder = Files.createTempDirectory("large");
        try (Model model = Model.newInstance("large")) {
            Block block = network.make();
            if (trained) {
                block.initialize(model.getNDManager(), DataType.FLOAT32, network.shapes());
            }
            model.setBlock(block);
            measure("wrap", () -> wrap(model));
            measure("predict", () -> predict(model));
            train(model);
            if (rate == 0) {
                parts.put("fit", "");
                measure("save", () -> model.save(folder, "dense"));
            } else {
                measure("fit", () -> fit(model).applyTo(model.getBlock()));
                measure("save", () -> FrequencyFile.save(model.getBlock(), folder.resolve("f")));
            }
        }
        System.gc();
        try (Model model = Model.newInstance("dense")) {
            model.setBlock(network.make());
            measure("load", () -> load(model, folder));
            measure("first", () -> predict(model));
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private void wrap(Model model) {
        if (rate > 0) {
            model.setBlock(
                    FrequencyRegularization.builder()
                            .optKeepRate(rate)
                            .optLayerTypes(LayerType.values())
                            .build()
                            .apply(model.getBlock(), network.shapes()));
        }
        if (!model.getBlock().isInitialized()) {
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, network.shapes());
        }
    }

    private void train(Model model) throws IOException, MalformedModelException {
        DefaultTrainingConfig config =
                new DefaultTrainingConfig(Loss.l2Loss())
                        .optOptimizer(Optimizer.adam().build())
                        .addTrainingListeners(new BufferRetention());
        try (Trainer trainer = model.newTrainer(config)) {
            trainer.initialize(network.shapes());
            measure("step", () -> step(trainer));
            measure(
                    "steps",
                    MORE_STEPS,
                    () -> {
                        for (int i = 0; i < MORE_STEPS; i++) {
                            step(trainer);
                        }
                    });
        }
    }

    private void step(Trainer trainer) {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            NDList inputs = network.inputs(batch);
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray first = trainer.forward(inputs).get(0);
                NDArray loss = first.mul(first).mean();
                collector.backward(loss);
                loss.getFloat();
            }
            trainer.step();
        }
    }

    private void predict(Model model) {
        try (NDManager scratch = model.getNDManager().newSubManager()) {
            NDList inputs = network.inputs(scratch);
            model.getBlock()
                    .forward(new ParameterStore(scratch, false), inputs, false)
                    .get(0)
                    .sum()
                    .getFloat();
        }
    }

    private static Quantization fit(Model model) {
        long numbers = FrequencyFile.countNumbers(model.getBlock());
        return Quantization.fit(model.getBlock(), numbers * Float.BYTES / SMALLER, false);
    }

    private void load(Model model, Path folder) throws IOException, MalformedModelException {
        if (rate == 0) {
            model.load(folder, "dense");
        } else {
            FrequencyFile.load(model, folder.resolve("f"));
        }
    }

    private void measure(String name, Part part) throws IOException, MalformedModelException {
        measure(name, 1, part);
    }

    private void measure(String name, int times, Part part)
            throws IOException, MalformedModelException {
        // Resets the peak to what is resident now.
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        long begin = System.nanoTime();
        part.run();
        double seconds = (System.nanoTime() - begin) / 1e9 / times;
        parts.put(name, String.format(Locale.ROOT, "%.2f s, %.2f GiB", seconds, peak()));
    }

    private static double peak() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / GIB)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmHWM"));
    }
}
