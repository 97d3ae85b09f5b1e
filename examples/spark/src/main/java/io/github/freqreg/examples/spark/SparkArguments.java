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

/** The options that both jobs share, and their Spark context. */
final class SparkArguments {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = "URL of the cluster (default: the master of spark-submit, or local[2])")
    private Optional<String> master = Optional.empty();

    @Option(
            names = "--partitions",
            defaultValue = "2",
            paramLabel = "N",
            description = "number of partitions of the images (default: ${DEFAULT-VALUE})")
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
            description = "number of times the UNet halves the image (default: ${DEFAULT-VALUE})",
            defaultValue = "4")
    private int depth;

    /** The body of a job. */
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

    /** Checks that an option is not below its smallest value. */
    void check(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(), option + " must be " + least + " or more but is " + value);
        }
    }

    /**
     * Runs a job. An exception in an executor is rethrown without the Spark exceptions around it.
     */
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
     * Returns the configuration of a job. Settings of spark-submit and system properties take
     * precedence.
     *
     * @param name the name of the job
     * @param master the URL of the cluster, if it was given as an option
     */
    static SparkConf conf(String name, Optional<String> master) {
        SparkConf conf = new SparkConf().setAppName(name);
        master.ifPresent(conf::setMaster);
        conf.setIfMissing("spark.master", "local[2]");
        if (conf.get("spark.master").startsWith("local")) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.ui.enabled", "false");
            // Executors of a local cluster need the class path of this process.
            conf.setIfMissing(
                    "spark.executor.extraClassPath", System.getProperty("java.class.path"));
        }
        // The engine needs as many threads as a task has cores.
        conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", conf.get("spark.task.cpus", "1"));
        conf.setIfMissing("spark.executor.extraJavaOptions", "-Dai.djl.offline=true");
        return conf;
    }
}
