/**
 * JMH benchmarks. Each compares alternatives in one run, so that what counts is their ratio.
 *
 * <p>All of them, forked, with the results as JSON:
 *
 * <pre>
 * mvn -q -DskipTests package
 * java -jar benchmarks/target/benchmarks.jar -rf json -rff results.json
 * </pre>
 */
package io.github.freqreg.benchmarks;
