package io.github.freqreg.examples.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.examples.SharedData;
import io.github.freqreg.examples.data.ImageFile;
import io.github.freqreg.examples.data.PngFile;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.examples.networks.Vae;
import io.github.freqreg.examples.tasks.Network;
import io.github.freqreg.examples.tasks.TorchNames;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.interop.ArrayFile;
import io.github.freqreg.interop.DenseWeights;
import io.github.freqreg.policy.FrequencyRegularization;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks are exported to the file formats of other programs and loaded from them. */
class ExportTest {

    private static final List<String> LENET =
            List.of(
                    "conv1.weight",
                    "conv1.bias",
                    "conv2.weight",
                    "conv2.bias",
                    "fc1.weight",
                    "fc1.bias",
                    "fc2.weight",
                    "fc2.bias");

    @TempDir private static Path trained;

    @TempDir private Path folder;

    private String out;
    private String err;

    @BeforeAll
    static void train() {
        String train =
                "train lenet --epochs 2 --subset 1500 --keep 150 --out "
                        + trained.resolve("lenet.frq");
        assertEquals(0, Main.run(train.split(" ")));
    }

    private int run(String arguments, Object... values) {
        ProgramRun run = ProgramRun.of(arguments.formatted(values).split(" "));
        out = run.out();
        err = run.err();
        return run.code();
    }

    @ParameterizedTest
    @CsvSource({"lenet.safetensors", "lenet.npz", "lenet.pt"})
    void whatIsExportedIsMeasuredTheSameAndCompressed(String name) throws Exception {
        Path frq = trained.resolve("lenet.frq");
        assertEquals(0, run("evaluate lenet --weights %s", frq), err);
        int right = right();
        // Chance is one of ten: 150 digits, with a standard deviation of 11.6.
        assertTrue(right > 220, out);
        Path file = folder.resolve(name);
        Path exported = name.endsWith("pt") ? folder.resolve("e.npz") : file;
        assertEquals(0, run("export lenet --weights %s --out %s", frq, exported), err);
        assertTrue(out.contains(": 8 arrays, 431,080 numbers, "), out);
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, exported);
            assertEquals(LENET, arrays.stream().map(NDArray::getName).toList());
            if (name.endsWith("pt")) {
                writeCheckpoint(arrays, file);
            }
        }
        assertEquals(0, run("evaluate lenet --weights %s", file), err);
        String score = out.strip();
        // The dense network rounds differently from the factored one.
        assertEquals(right, right(), 2);

        Path small = folder.resolve("small.frq");
        String compress =
                "compress lenet --weights %s --budget-bytes 4000 --epochs 2"
                        + " --subset 500 --out %s";
        assertEquals(0, run(compress, file, small), err);
        assertTrue(out.contains(score), out);
        assertTrue(Files.size(small) <= 4_000 && Files.size(small) > 3_000, out);

        String round = "compress lenet --weights %s --budget-bytes 2000 --epochs 0 --out %s";
        assertEquals(0, run(round, file, small), err);
        assertTrue(Files.size(small) <= 2_000 && Files.size(small) >= 1_980, out);
        assertEquals(0, run("evaluate lenet --weights %s", small), err);
        // The exported weights have 1,180 nonzero coefficients.
        assertEquals(right, right(), 15);
    }

    /** Returns how many of the 1,500 test images were classified correctly. */
    private int right() {
        Matcher matcher = Pattern.compile("accuracy \\S+ \\((\\d+) of 1500\\)").matcher(out);
        assertTrue(matcher.find(), out);
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void theNetworkOfATrainingScriptsCheckpointIsFound() throws Exception {
        Path npz = folder.resolve("lenet.npz");
        Path frq = trained.resolve("lenet.frq");
        assertEquals(0, run("export lenet --weights %s --out %s", frq, npz), err);
        assertEquals(0, run("evaluate lenet --weights %s", npz), err);
        String score = out;
        Path file = folder.resolve("epoch5.pth");
        try (NDManager manager = NDManager.newBaseManager()) {
            writeCheckpoint(ArrayFile.read(manager, npz), file, "model", "model_ema");
        }
        assertEquals(0, run("evaluate lenet --weights %s", file), err);
        String removed = "; removed the prefix module. from all names; did not read ";
        assertEquals(file + ": read the part model" + removed + "model_ema\n" + score, out);
        Path small = folder.resolve("small.frq");
        String compress =
                "compress lenet --part model_ema --weights %s --budget-bytes 2000 --epochs 0"
                        + " --out %s";
        assertEquals(0, run(compress, file, small), err);
        assertTrue(out.startsWith(file + ": read the part model_ema" + removed + "model\n"), out);
        assertError(
                1,
                "expected a part student but found model, model_ema",
                "evaluate lenet --part student --weights %s",
                file);
        assertError(
                2,
                "--part: Only a .pt, .pth or .bin file has parts",
                "evaluate lenet --part model --weights %s",
                npz);
    }

    /**
     * Writes a file like torch.save, with only those pickle instructions that it needs here.
     *
     * @param parts the names of dictionaries that each hold the arrays, as DataParallel names them,
     *     beside a number; if there are none, the arrays are the whole file
     */
    private static void writeCheckpoint(NDList arrays, Path file, String... parts)
            throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        if (parts.length == 0) {
            writeArrays(pickle, "", arrays);
        } else {
            pickle.writeBytes(new byte[] {'}', '('});
            text(pickle, "epoch");
            number(pickle, 5);
            for (String part : parts) {
                text(pickle, part);
                writeArrays(pickle, "module.", arrays);
            }
            pickle.write('u');
        }
        pickle.write('.');
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < arrays.size(); i++) {
                put(zip, "archive/data/" + i, arrays.get(i).toByteArray());
            }
            put(zip, "archive/data.pkl", pickle.toByteArray());
        }
    }

    private static void writeArrays(ByteArrayOutputStream pickle, String prefix, NDList arrays) {
        pickle.writeBytes(new byte[] {'}', '('});
        for (int i = 0; i < arrays.size(); i++) {
            NDArray array = arrays.get(i);
            text(pickle, prefix + array.getName());
            global(pickle, "torch._utils\n_rebuild_tensor_v2\n");
            pickle.writeBytes(new byte[] {'(', '('});
            text(pickle, "storage");
            global(pickle, "torch\nFloatStorage\n");
            text(pickle, Integer.toString(i));
            text(pickle, "cpu");
            number(pickle, array.size());
            pickle.writeBytes(new byte[] {'t', 'Q'});
            number(pickle, 0);
            long[] extents = array.getShape().getShape();
            pickle.write('(');
            for (long extent : extents) {
                number(pickle, extent);
            }
            pickle.writeBytes(new byte[] {'t', '('});
            for (int axis = 1; axis <= extents.length; axis++) {
                number(pickle, new Shape(extents).slice(axis).size());
            }
            pickle.writeBytes(new byte[] {'t', (byte) 0x89});
            global(pickle, "collections\nOrderedDict\n");
            pickle.writeBytes(new byte[] {')', 'R', 't', 'R'});
        }
        pickle.write('u');
    }

    private static void text(ByteArrayOutputStream pickle, String text) {
        pickle.write('X');
        little(pickle, text.length());
        pickle.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void global(ByteArrayOutputStream pickle, String names) {
        pickle.write('c');
        pickle.writeBytes(names.getBytes(StandardCharsets.US_ASCII));
    }

    private static void number(ByteArrayOutputStream pickle, long value) {
        pickle.write('J');
        little(pickle, value);
    }

    private static void little(ByteArrayOutputStream pickle, long value) {
        ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        pickle.writeBytes(bytes.putInt((int) value).array());
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    @Test
    void aTableOfNamesIsWrittenCorrectedAndUsed() throws Exception {
        Path frq = trained.resolve("lenet.frq");
        Path exported = folder.resolve("e.npz");
        assertEquals(0, run("evaluate lenet --weights %s", frq), err);
        int right = right();
        assertEquals(0, run("export lenet --weights %s --out %s", frq, exported), err);
        Path other = folder.resolve("other.safetensors");
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, exported);
            List<String> layers = List.of("stem", "body", "hidden", "head");
            for (int i = 0; i < arrays.size(); i++) {
                String end = i % 2 == 0 ? ".weight" : ".bias";
                arrays.get(i).setName("model." + layers.get(i / 2) + end);
            }
            arrays.sort(Comparator.comparing(NDArray::getName));
            ArrayFile.write(arrays, other);
        }
        Path table = folder.resolve("names.txt");
        assertError(1, "--name-table matches names by shape", "evaluate lenet --weights %s", other);
        String evaluate = "evaluate lenet --weights %s --name-table %s";
        assertEquals(0, run(evaluate, other, table), err);
        assertEquals(right, right(), 2);
        String lines = Files.readString(table);
        assertTrue(lines.contains("\nmodel.hidden.bias = 06Linear_bias\n"), lines);
        Files.writeString(table, lines.replace("model.hidden.bias", "model.head.bias"));
        assertError(1, "correct " + table, evaluate, other, table);
        assertError(1, "a table of names is for .pt, .pth,", evaluate, frq, table);
        Files.writeString(table, lines);
        Path index = folder.resolve("model.safetensors.index.json");
        Files.writeString(
                index,
                Pattern.compile("(?m)^(model\\S+) = .*$")
                        .matcher(lines)
                        .results()
                        .map(line -> "\"" + line.group(1) + "\":\"other.safetensors\"")
                        .collect(Collectors.joining(",", "{\"weight_map\":{", "}}")));
        assertEquals(0, run(evaluate, index, table), err);
        assertEquals(right, right(), 2);
        assertEquals(0, run(evaluate, folder, table), err);
        Path small = folder.resolve("small.frq");
        String compress =
                "compress lenet --weights %s --name-table %s --budget-bytes 2000 --epochs 0 --out %s";
        assertEquals(0, run(compress, other, table, small), err);
        assertTrue(Files.size(small) <= 2_000, out);
    }

    @Test
    void coefficientsAreExportedToo() throws Exception {
        Path file = folder.resolve("c.safetensors");
        String export = "export lenet --weights %s --out %s --coefficients";
        assertEquals(0, run(export, trained.resolve("lenet.frq"), file), err);
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, file);
            assertEquals(4 * 4 + 4, arrays.size());
            assertEquals(150, arrays.get("conv2.weight.coefficients").size());
            assertArrayEquals(
                    new long[] {50, 20, 5, 5}, arrays.get("conv2.weight.shape").toLongArray());
            assertEquals(500, arrays.get("fc1.bias").size());
        }
    }

    private static Block network(Network network) {
        return switch (network) {
            case UNET -> new UNet(2, 2, 2);
            case DCGAN -> new Dcgan(2);
            case VAE -> new Vae(8);
            case VIT -> network.classifier(64);
            default -> network.classifier(2);
        };
    }

    private static Shape[] inputs(Network network) {
        return switch (network) {
            case LENET -> new Shape[] {new Shape(1, 1, 28, 28)};
            case ALEXNET -> new Shape[] {new Shape(1, 3, 64, 64)};
            case DCGAN ->
                    new Shape[] {
                        new Shape(1, 1, Dcgan.SIDE, Dcgan.SIDE), new Shape(1, Dcgan.NOISE, 1, 1)
                    };
            case VAE -> new Shape[] {new Shape(1, 1, 28, 28), new Shape(1, Vae.LATENT)};
            default -> new Shape[] {new Shape(1, 3, 32, 32)};
        };
    }

    @ParameterizedTest
    @EnumSource
    void everyNetworksNamesAreDifferentAndFoundAgain(Network network) throws Exception {
        try (NDManager manager = NDManager.newBaseManager()) {
            Block block = network(network);
            block.initialize(manager, DataType.FLOAT32, inputs(network));
            UnaryOperator<String> names = TorchNames.of(network, block);
            NDList arrays = DenseWeights.of(block, manager, names);
            List<String> found = arrays.stream().map(NDArray::getName).toList();
            assertEquals(found.size(), new HashSet<>(found).size(), found.toString());
            assertFalse(found.toString().contains("null"), found.toString());
            arrays.sort(Comparator.comparing(NDArray::getName));
            Block fresh = network(network);
            DenseWeights.load(fresh, manager, arrays, names, inputs(network));
            for (String name : block.getParameters().keys()) {
                try (NDArray its = block.getParameters().get(name).getArray().stopGradient();
                        NDArray loaded =
                                fresh.getParameters().get(name).getArray().stopGradient()) {
                    assertArrayEquals(its.toByteArray(), loaded.toByteArray(), name);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vgg, 05BatchNorm_gamma, bn2.weight",
        "vgg, 55Linear_bias, fc1.bias",
        "alexnet, 04Conv2d_weight, conv2.weight",
        "resnet18, 02BatchNorm_runningVar, bn1.running_var",
        "resnet18, 14Linear_bias, fc.bias",
        "unet, 02down1_02SequentialBlock_04Conv2d_weight, down1.maxpool_conv.1.double_conv.3.weight",
        "unet, 06up2_01TransposedConv2d_weight, up2.up.weight",
        "unet, 08last_01Conv2d_weight, outc.conv.weight",
        "resnet18, 06SequentialBlock_01ParallelBlock_02SequentialBlock_02BatchNorm_beta,"
                + " layer2.0.downsample.1.bias",
        "vae, 01encoder_01Linear_weight, 01encoder_01Linear_weight",
    })
    void namesArePyTorchs(String network, String ours, String theirs) {
        Network which = Network.valueOf(network.toUpperCase(Locale.ROOT));
        Block block = network(which);
        assertEquals(theirs, TorchNames.of(which, block).apply(ours));
    }

    /** A UNet's size comes from the file, even if the writer sorted the tensors by name. */
    @Test
    void aUNetIsOpenedFromEveryKindOfFile() throws Exception {
        Path frq = folder.resolve("unet.frq");
        Shape input = new Shape(1, 3, 32, 32);
        try (Model model = Model.newInstance("unet")) {
            Block block =
                    FrequencyRegularization.builder().optKept(40).build().apply(new UNet(3, 2, 2));
            block.initialize(model.getNDManager(), DataType.FLOAT32, input);
            FrequencyFile.save(block, frq, DataType.FLOAT32);
        }
        Path npz = folder.resolve("unet.npz");
        assertEquals(0, run("export unet --weights %s --out %s", frq, npz), err);
        Path sorted = folder.resolve("unet.safetensors");
        try (NDManager manager = NDManager.newBaseManager()) {
            NDList arrays = ArrayFile.read(manager, npz);
            assertEquals(13, arrays.size());
            arrays.sort(Comparator.comparing(NDArray::getName));
            ArrayFile.write(arrays, sorted);
        }
        Path image = folder.resolve("image.png");
        BufferedImage drawn = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(3);
        for (int i = 0; i < 32 * 32; i++) {
            drawn.setRGB(i % 32, i / 32, random.nextInt(1 << 24));
        }
        PngFile.write(drawn, image);
        Path first = folder.resolve("first.png");
        Path second = folder.resolve("second.png");
        String segment = "segment %s --weights %s --size 32 --out %s";
        assertEquals(0, run(segment, image, npz, first), err);
        assertEquals(0, run(segment, image, sorted, second), err);
        assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
        // The factored network rounds differently, so pixels at the edge of the object may differ.
        assertEquals(0, run(segment, image, frq, second), err);
        int apart = 0;
        BufferedImage dense = ImageFile.readRgb(first);
        BufferedImage factored = ImageFile.readRgb(second);
        for (int i = 0; i < 32 * 32; i++) {
            apart += dense.getRGB(i % 32, i / 32) == factored.getRGB(i % 32, i / 32) ? 0 : 1;
        }
        assertTrue(apart <= 10, apart + " pixels");
    }

    private void assertError(int code, String message, String arguments, Object... values) {
        assertEquals(code, run(arguments, values), out);
        assertTrue(err.startsWith("error: ") && err.contains(message), err);
        assertEquals(1, err.lines().count(), err);
    }

    @Test
    void invalidFilesFailWithOneLine() throws Exception {
        Path frq = trained.resolve("lenet.frq");
        Path npz = folder.resolve("lenet.npz");
        assertError(
                2,
                "--out must end with .safetensors or .npz",
                "export lenet --weights %s --out w.pt",
                frq);
        assertError(1, "vgg", "export vgg --weights %s --out %s", folder.resolve("vgg"), npz);
        assertError(1, "tensors of the network", "export vgg --weights %s --out %s", frq, npz);
        assertFalse(Files.exists(npz));
        assertEquals(0, run("export lenet --weights %s --out %s", frq, npz), err);
        assertError(
                1,
                "lenet.npz: expected the 8 arrays of the network but conv1.weight, for 01encoder_",
                "evaluate vae --weights %s",
                npz);
        Files.write(npz, new byte[100]);
        assertError(1, "lenet.npz: expected a zip archive", "evaluate lenet --weights %s", npz);
        assertError(
                1,
                "lenet.npz: expected a zip archive",
                "compress lenet --weights %s --budget-bytes 900 --epochs 0 --out x.frq",
                npz);
    }

    @Test
    void thePublishedCheckpointIsOfCoefficients() throws Exception {
        Path file = SharedData.find("frereg-unet/unet_fr.pt");
        assertError(
                1,
                "is sparse; TorchCheckpoint reads sparse coefficients",
                "evaluate unet --weights %s --data %s",
                file,
                SharedData.find("carvana"));
    }
}
