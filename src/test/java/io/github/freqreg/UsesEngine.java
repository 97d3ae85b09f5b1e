package io.github.freqreg;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs each test of a class with a seeded engine and an {@code NDManager} of its own.
 *
 * <pre>
 * &#64;UsesEngine
 * class DctTest {
 *
 *     private final NDManager manager;
 *
 *     DctTest(NDManager manager) {
 *         this.manager = manager;
 *     }
 * </pre>
 *
 * <p>A constructor, a test or a {@code @BeforeEach} method can declare the manager as a parameter,
 * in a parameterised test after the arguments. It is closed after the test. The annotation also
 * applies to {@code @Nested} classes.
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(EngineExtension.class)
public @interface UsesEngine {

    /** The seed of the engine's random numbers before each test, see {@link Seeds#engine}. */
    int seed() default 1;
}
