package io.github.freqreg.benchmarks;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import io.github.freqreg.FrequencyRegularization;
import io.github.freqreg.examples.networks.LeNet;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One training step of LeNet-5 (forward, backward, Adam), 128 images a batch.
 *
 * <pre>
 * java -jar benchmarks/target/benchmarks.jar TrainingStep
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class TrainingStepBenchmark {

    private static final int BATCH = 128;

    @Param private Alternative alternative;

    private Model model;
    private Trainer trainer;
    private NDArray images;
    private NDArray labels;

    /** How the network is trained. */
    public enum Alternative {
        /** Plain DJL. */
        DENSE(null),
        /** 5,216 numbers in all. */
        KEEP_RATE_1_PERCENT(FrequencyRegularization.builder().optKeepRate(0.01).build()),
        /** 776 numbers in all. */
        BUDGET_776(FrequencyRegularization.builder().optBudget(776).build());

        private final FrequencyRegularization policy;

        Alternative(FrequencyRegularization policy) {
            this.policy = policy;
        }
    }

    /** Builds the model and its trainer. */
    @Setup(Level.Trial)
    public void open() {
        System.setProperty("ai.djl.offline", "true");
        Engine.getInstance().setRandomSeed(1);
        model = Model.newInstance("lenet");
        Shape input = new Shape(BATCH).addAll(LeNet.INPUT);
        Block block = LeNet.build();
        model.setBlock(alternative.policy == null ? block : alternative.policy.apply(block, input));
        trainer =
                model.newTrainer(
                        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                                .optOptimizer(Optimizer.adam().build()));
        trainer.initialize(input);
        NDManager manager = model.getNDManager();
        images = manager.randomUniform(0f, 1f, input);
        labels = manager.randomInteger(0, 10, new Shape(BATCH), DataType.INT64);
    }

    /** Frees the model. */
    @TearDown(Level.Trial)
    public void close() {
        trainer.close();
        model.close();
    }

    /**
     * Takes one step.
     *
     * @return the loss
     */
    @Benchmark
    public float step() {
        try (NDManager batch = trainer.getManager().newSubManager()) {
            NDList data = new NDList(images.get(batch, new NDIndex().addAllDim()));
            float value;
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDList scores = trainer.forward(data);
                NDArray loss = trainer.getLoss().evaluate(new NDList(labels), scores);
                collector.backward(loss);
                value = loss.getFloat();
            }
            trainer.step();
            return value;
        }
    }
}
