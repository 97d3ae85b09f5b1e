package io.github.freqreg;

import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Seeds the engine before each test and provides its manager, see {@link UsesEngine}. */
final class EngineExtension implements BeforeEachCallback, ParameterResolver {

    private static final Namespace NAMESPACE = Namespace.create(EngineExtension.class);

    /** A manager in the constructor belongs to the test, too. */
    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(
            ExtensionContext rootContext) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        int seed =
                AnnotationSupport.findAnnotation(
                                context.getRequiredTestClass(),
                                UsesEngine.class,
                                context.getEnclosingTestClasses())
                        .orElseThrow()
                        .seed();
        Seeds.engine(seed);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == NDManager.class;
    }

    /** JUnit closes what is in the store of a test after the test. */
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(
                        NDManager.class, type -> NDManager.newBaseManager(), NDManager.class);
    }
}
