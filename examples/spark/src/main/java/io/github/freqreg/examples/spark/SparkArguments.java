package io.github.freqreg.examples.spark;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of both jobs, and the context that they run in. */
final class SparkArguments {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "the cluster (default: what spark-submit says, or local[2])")
    private Optional<String> master = Optional.empty();

    @Option(
            names = "--partitions",
            defaultValue = "2",
            paramLabel = "N",
            description = "how many parts the images are dealt into (default: ${DEFAULT-VALUE})")
    private int partitions;

    @Option(
            names = "--width",
            paramLabel = "N",
            description = "channels of the UNet's first level (default: ${DEFAULT-VALUE})",
            defaultValue = "64")
    private int width;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "how often it halves the image (default: ${DEFAULT-VALUE})",
            defaultValue = "4")
    private int depth;

    /** What a job does with Spark. */
    @FunctionalInterface
    interface Work {

        void run(JavaSparkContext spark) throws IOException, MalformedModelException;
    }

    int partitions() {
        check("--partitions", partitions, 1);
        return partitions;
    }

    NetworkSize size() {
        check("--width", width, 1);
        check("--depth", depth, 1);
        return new NetworkSize(width, depth);
    }

    /** Refuses a number that is too small. */
    void check(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(), option + " must be " + least + " or more but is " + value);
        }
    }

    /** Runs a job; what went wrong in an executor is thrown as if it had been here. */
    void run(String name, Work work) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(conf(name, master))) {
            work.run(spark);
        } catch (Exception e) {
            throw cause(e);
        }
    }

    private static Exception cause(Exception e) {
        Exception found = e;
        while (found instanceof SparkException && found.getCause() instanceof Exception cause) {
            found = cause;
        }
        return found;
    }

    /**
     * The settings of a job, but for those that spark-submit or system properties make.
     *
     * @param master the cluster, if it is not the one that these name
     */
    static SparkConf conf(String name, Optional<String> master) {
        SparkConf conf = new SparkConf().setAppName(name);
        master.ifPresent(conf::setMaster);
        conf.setIfMissing("spark.master", "local[2]");
        if (conf.get("spark.master").startsWith("local")) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.ui.enabled", "false");
            // A local cluster's executors are made of what this process is made of.
            conf.setIfMissing(
                    "spark.executor.extraClassPath", System.getProperty("java.class.path"));
        }
        // A task's thread computes; the engine needs no more threads than tasks have cores.
        conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", conf.get("spark.task.cpus", "1"));
        conf.setIfMissing("spark.executor.extraJavaOptions", "-Dai.djl.offline=true");
        return conf;
    }
}
