package io.github.freqreg.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import ai.djl.util.JsonUtils;
import io.github.freqreg.TestModels;
import io.github.freqreg.block.FrequencyBlocks;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DJL's {@code Criteria} loads {@code .frq} files. */
class FrequencyBlockFactoryTest {

    private static final String CACHE = "DJL_CACHE_DIR";

    /** A user's class, found only in a jar beside the file. */
    private static final String USERS_CLASS =
            """
            package org.example;

            import ai.djl.ndarray.types.Shape;
            import ai.djl.nn.Activation;
            import ai.djl.nn.Block;
            import ai.djl.nn.Blocks;
            import ai.djl.nn.SequentialBlock;
            import ai.djl.nn.convolutional.Conv2d;
            import ai.djl.nn.core.Linear;
            import io.github.freqreg.file.FrequencyBlockFactory;
            import java.util.Map;

            public final class SmallFactory implements FrequencyBlockFactory {
                private static final long serialVersionUID = 1L;

                public Block newNetwork(Map<String, ?> arguments) {
                    int classes = Integer.parseInt(arguments.get("classes").toString());
                    return new SequentialBlock()
                            .add(convolution(4))
                            .add(Activation.reluBlock())
                            .add(convolution(6))
                            .add(Activation.reluBlock())
                            .add(Blocks.batchFlattenBlock())
                            .add(Linear.builder().setUnits(classes).build());
                }

                private static Block convolution(int filters) {
                    Shape kernel = new Shape(3, 3);
                    return Conv2d.builder().setFilters(filters).setKernelShape(kernel).build();
                }
            }
            """;

    private static final String PROPERTIES =
            """
            engine=PyTorch
            blockFactory=org.example.SmallFactory
            classes=5
            option.hasParameter=false
            translatorFactory=ai.djl.modality.cv.translator.ImageClassificationTranslatorFactory
            width=8
            height=8
            resize=true
            applySoftmax=true
            synset=a,b,c,d,e
            """;

    @TempDir private Path folder;

    private Path file;
    private float[] expected;

    /** DJL copies archives and resources to its cache. */
    @BeforeEach
    void keepTheCacheHere() {
        System.setProperty(CACHE, folder.resolve("cache").toString());
    }

    @AfterEach
    void forgetTheCache() {
        System.clearProperty(CACHE);
    }

    @BeforeEach
    void save() throws Exception {
        file = Files.createDirectory(folder.resolve("small")).resolve("small.frq");
        save(file, 30);
        try (Model model = TestModels.loaded(TestModels.smallNetwork(), file)) {
            expected = answer(model.newPredictor(new NoopTranslator()));
        }
    }

    private static void save(Path path, int kept) throws IOException {
        try (Model model = TestModels.model(TestModels.smallNetwork(), TestModels.SMALL_INPUT)) {
            TestModels.policy(kept).apply(model);
            FrequencyFile.save(model.getBlock(), path);
        }
    }

    private static float[] answer(Predictor<NDList, NDList> predictor) throws Exception {
        try (predictor;
                NDManager manager = NDManager.newBaseManager()) {
            NDArray input = TestModels.random(manager, TestModels.SMALL_INPUT);
            return predictor.predict(new NDList(input)).singletonOrThrow().toFloatArray();
        }
    }

    /** Criteria without a location. */
    private static Criteria.Builder<NDList, NDList> criteria() {
        return Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optArgument(
                        "blockFactory",
                        (FrequencyBlockFactory) arguments -> TestModels.smallNetwork())
                .optOption("hasParameter", "false")
                .optTranslator(new NoopTranslator());
    }

    private static float[] answer(Criteria<NDList, NDList> criteria) throws Exception {
        try (ZooModel<NDList, NDList> model = criteria.loadModel()) {
            assertEquals(3, FrequencyBlocks.in(model.getBlock()).size(), "layers are wrapped");
            return answer(model.newPredictor());
        }
    }

    @Test
    void loadsFromAFolder() throws Exception {
        assertArrayEquals(expected, answer(criteria().optModelPath(file.getParent()).build()));
    }

    @Test
    void loadsFromAFileAmongOthers() throws Exception {
        save(file.resolveSibling("other.frq"), 10);
        assertArrayEquals(expected, answer(criteria().optModelPath(file).build()));
        assertArrayEquals(
                expected, answer(criteria().optModelUrls(file.toUri().toString()).build()));
    }

    @Test
    void loadsFromAZip() throws Exception {
        Path zip = folder.resolve("any.zip");
        zip(zip, Map.of("small.frq", Files.readAllBytes(file)));
        assertArrayEquals(
                expected, answer(criteria().optModelUrls(zip.toUri().toString()).build()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"small.frq", "small.zip"})
    void loadsFromAResourceOfAJar(String name) throws Exception {
        Path zip = folder.resolve("small.zip");
        zip(zip, Map.of("small.frq", Files.readAllBytes(file)));
        Path jar = folder.resolve("users.jar");
        Path content = name.endsWith("zip") ? zip : file;
        zip(jar, Map.of("models/" + name, Files.readAllBytes(content)));
        Criteria<NDList, NDList> criteria =
                within(jar, () -> criteria().optModelUrls("jar:///models/" + name).build());
        assertArrayEquals(expected, within(jar, () -> answer(criteria)));
    }

    /** Calls with a jar on the class path of the thread's context class loader. */
    private static <T> T within(Path jar, Callable<T> call) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader with = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
            thread.setContextClassLoader(with);
            return call.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static void zip(Path path, Map<String, byte[]> entries) throws IOException {
        try (OutputStream out = Files.newOutputStream(path);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(each.getKey()));
                zip.write(each.getValue());
            }
        }
    }

    /** A folder of three files is enough, as the Javadoc of the factory promises. */
    @Test
    void servesAFolder() throws Exception {
        Path serving = file.getParent();
        Files.writeString(serving.resolve("serving.properties"), PROPERTIES);
        zip(
                serving.resolve("network.jar"),
                Map.of("org/example/SmallFactory.class", compile("SmallFactory", USERS_CLASS)));
        byte[] png = picture();
        Classifications told = classify(serving, png);
        double[] right = probabilities(png);
        for (int i = 0; i < right.length; i++) {
            String name = List.of("a", "b", "c", "d", "e").get(i);
            assertEquals(right[i], told.get(name).getProbability(), 1e-6, name);
        }
        Path zip = folder.resolve("any.zip");
        Map<String, byte[]> files = new HashMap<>();
        for (String each : List.of("serving.properties", "small.frq", "network.jar")) {
            files.put(each, Files.readAllBytes(serving.resolve(each)));
        }
        zip(zip, files);
        assertEquals(told.toJson(), classify(zip, png).toJson());
        // DJL Serving loads every model with these types and options.
        Criteria<Input, Output> ofRequests =
                Criteria.builder()
                        .setTypes(Input.class, Output.class)
                        .optModelUrls(serving.toUri().toString())
                        .optEngine("PyTorch")
                        .build();
        try (ZooModel<Input, Output> model = ofRequests.loadModel();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Input request = new Input();
            request.add("data", png);
            String json = predictor.predict(request).getData().getAsString();
            assertEquals(
                    told.best().getClassName(),
                    JsonUtils.GSON.fromJson(json, ServedClass[].class)[0].className());
        }
    }

    private static Classifications classify(Path path, byte[] png) throws Exception {
        Criteria<Image, Classifications> criteria =
                Criteria.builder()
                        .setTypes(Image.class, Classifications.class)
                        .optModelPath(path)
                        .build();
        try (ZooModel<Image, Classifications> model = criteria.loadModel();
                Predictor<Image, Classifications> predictor = model.newPredictor()) {
            return predictor.predict(ImageFactory.getInstance().fromInputStream(stream(png)));
        }
    }

    /** What DJL Serving answers for each class. */
    private record ServedClass(String className, double probability) {}

    private byte[] compile(String name, String source) throws IOException {
        Path java = folder.resolve(name + ".java");
        Files.writeString(java, source);
        Path classes = Files.createDirectory(folder.resolve("compiled"));
        int failed =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-proc:none",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "-d",
                                classes.toString(),
                                java.toString());
        assertEquals(0, failed);
        try (Stream<Path> made = Files.walk(classes)) {
            return Files.readAllBytes(
                    made.filter(path -> path.endsWith(name + ".class")).findFirst().orElseThrow());
        }
    }

    private static byte[] picture() throws IOException {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64; i++) {
            image.setRGB(i % 8, i / 8, 0x010305 * i);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static InputStream stream(byte[] bytes) {
        return new ByteArrayInputStream(bytes);
    }

    /** The expected probabilities: pixels scaled to 0..1, the network, softmax. */
    private double[] probabilities(byte[] png) throws Exception {
        BufferedImage image = ImageIO.read(stream(png));
        float[] pixels = new float[3 * 64];
        for (int i = 0; i < 64; i++) {
            int color = image.getRGB(i % 8, i / 8);
            for (int channel = 0; channel < 3; channel++) {
                pixels[channel * 64 + i] = (color >> (16 - 8 * channel) & 0xff) / 255f;
            }
        }
        try (Model model = TestModels.loaded(TestModels.smallNetwork(), file)) {
            NDManager manager = model.getNDManager();
            NDList input = new NDList(manager.create(pixels, new Shape(1, 3, 8, 8)));
            float[] scores =
                    TestModels.predict(model.getBlock(), manager, input)
                            .singletonOrThrow()
                            .toFloatArray();
            double[] powers = new double[scores.length];
            Arrays.setAll(powers, i -> Math.exp(scores[i]));
            double sum = Arrays.stream(powers).sum();
            return Arrays.stream(powers).map(power -> power / sum).toArray();
        }
    }

    @Test
    void modelNameSelectsTheFile() throws Exception {
        Path other = file.resolveSibling("other.frq");
        save(other, 10);
        Criteria.Builder<NDList, NDList> criteria = criteria().optModelPath(file.getParent());
        // By default DJL uses the folder's name.
        assertArrayEquals(expected, answer(criteria.build()));
        float[] another = answer(criteria.optModelName("other").build());
        assertFalse(Arrays.equals(expected, another));
        IOException failure =
                assertThrows(IOException.class, criteria.optModelName("third").build()::loadModel);
        assertEquals(
                file.getParent()
                        + ": expected third.frq or a single .frq file but found"
                        + " [other.frq, small.frq]",
                failure.getMessage());
    }

    @Test
    void folderWithoutAFileIsRejected() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        IOException failure =
                assertThrows(IOException.class, criteria().optModelPath(empty).build()::loadModel);
        assertEquals(
                empty + ": expected empty.frq or a single .frq file but found []",
                failure.getMessage());
    }

    @Test
    void damagedFileIsMalformed() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        IOException failure =
                assertThrows(IOException.class, criteria().optModelPath(file).build()::loadModel);
        assertInstanceOf(MalformedModelException.class, failure.getCause());
        assertTrue(failure.getMessage().contains("small.frq"), failure.getMessage());
    }

    @Test
    void fileOfAnotherNetworkIsMalformed() {
        Criteria<NDList, NDList> criteria =
                criteria()
                        .optArgument(
                                "blockFactory",
                                (FrequencyBlockFactory) arguments -> TestModels.linear(5))
                        .optModelPath(file)
                        .build();
        IOException failure = assertThrows(IOException.class, criteria::loadModel);
        assertInstanceOf(MalformedModelException.class, failure.getCause());
    }

    /**
     * Without the option DJL looks for a parameter file of its own, and must fail if it has none.
     */
    @Test
    void hasParameterOptionIsRequired() {
        Criteria<NDList, NDList> criteria =
                criteria().optOption("hasParameter", "true").optModelPath(file).build();
        IOException failure = assertThrows(IOException.class, criteria::loadModel);
        assertTrue(failure.getMessage().startsWith("Parameter file not found"));
    }
}
