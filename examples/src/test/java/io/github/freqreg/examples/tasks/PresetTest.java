package io.github.freqreg.examples.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.freqreg.block.FrequencyBlock;
import io.github.freqreg.block.FrequencyBlocks;
import io.github.freqreg.examples.networks.Dcgan;
import io.github.freqreg.examples.networks.LeNet;
import io.github.freqreg.examples.networks.UNet;
import io.github.freqreg.file.FrequencyFile;
import io.github.freqreg.policy.FrequencyRegularization;
import io.github.freqreg.policy.FrequencyRegularizationBuilder;
import io.github.freqreg.policy.TensorChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The presets keep the numbers of the paper's appendix, on networks of full size. */
class PresetTest {

    private static final Shape COLOURS = new Shape(1, 3, 32, 32);
    private static final long[] VGG_V1 = {
        128, 370, 738, 1476, 2950, 5899, 5899, 5899, 11_798, 23_595, 23_595, 23_595, 23_595, 23_595,
        23_595, 23_595
    };

    static Stream<Arguments> published() {
        Shape[] alexnet = {new Shape(1, 3, 224, 224)};
        Shape[] colours = {COLOURS};
        Shape[] digits = {new Shape(1, 1, 64, 64), new Shape(1, Dcgan.NOISE, 1, 1)};
        return Stream.of(
                Arguments.of(
                        Network.ALEXNET,
                        Preset.V1,
                        64,
                        alexnet,
                        longs(233, 3_074, 6_637, 8_848, 5_899, 377_489, 167_774, 411)),
                Arguments.of(
                        Network.ALEXNET,
                        Preset.V2,
                        64,
                        alexnet,
                        longs(128, 308, 665, 886, 591, 37_751, 16_779, 256)),
                Arguments.of(
                        Network.ALEXNET,
                        Preset.V3,
                        64,
                        alexnet,
                        longs(128, 128, 128, 128, 128, 256, 256, 256)),
                Arguments.of(Network.VGG, Preset.V1, 64, colours, concat(VGG_V1, 256)),
                // The published totals of v2 and v3 exclude the linear layer.
                Arguments.of(Network.VGG, Preset.V2, 64, colours, total(20_302 + 256)),
                Arguments.of(Network.VGG, Preset.V3, 64, colours, concat(times(16, 128), 256)),
                // The published totals exclude the first convolution.
                Arguments.of(Network.RESNET18, Preset.V1, 64, colours, total(111_901 + 128)),
                Arguments.of(Network.RESNET18, Preset.V2, 64, colours, total(12_058 + 128)),
                Arguments.of(Network.RESNET18, Preset.V3, 64, colours, concat(times(20, 128), 256)),
                Arguments.of(
                        Network.VIT,
                        Preset.V1,
                        512,
                        colours,
                        repeat(6, 65_520, 26_215, 26_215, 26_215)),
                Arguments.of(
                        Network.VIT,
                        Preset.V2,
                        512,
                        colours,
                        repeat(6, 7_865, 2_622, 2_622, 2_622)),
                Arguments.of(
                        Network.DCGAN,
                        Preset.V1,
                        64,
                        digits,
                        longs(8_192, 20_972, 5_243, 1_311, 32, 128, 1_312, 5_244, 20_973, 128)),
                Arguments.of(Network.UNET, Preset.V3, 64, new Shape[] {COLOURS}, times(23, 33)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("published")
    void keepsWhatIsPublished(
            Network network, Preset preset, int width, Shape[] inputs, long[] expected) {
        Block block = block(network, width);
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
        List<TensorChoice> plan = builder.build().plan(block, inputs);
        preset.keep(builder, network, plan);
        List<Long> kept = new ArrayList<>();
        try (NDManager manager = NDManager.newBaseManager()) {
            Block wrapped = builder.build().apply(block, inputs);
            wrapped.initialize(manager, DataType.FLOAT32, inputs);
            collect(wrapped, kept);
        }
        if (expected.length == 1) {
            assertEquals(expected[0], kept.stream().mapToLong(Long::longValue).sum());
        } else {
            assertEquals(LongStream.of(expected).boxed().toList(), kept);
        }
    }

    private static void collect(Block block, List<Long> kept) {
        if (block instanceof FrequencyBlock each) {
            FrequencyBlocks.kept(each).values().forEach(count -> kept.add(count.longValue()));
        } else {
            block.getChildren().values().forEach(child -> collect(child, kept));
        }
    }

    @Test
    void lenetHas776NumbersInAll() {
        Shape input = new Shape(1).addAll(LeNet.INPUT);
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder();
        List<TensorChoice> plan = builder.build().plan(LeNet.build(), input);
        Preset.V3.keep(builder, Network.LENET, plan);
        try (NDManager manager = NDManager.newBaseManager()) {
            Block wrapped = builder.build().apply(LeNet.build(), input);
            wrapped.initialize(manager, DataType.FLOAT32, input);
            assertEquals(776, FrequencyFile.countNumbers(wrapped));
        }
    }

    /** Only the linear layer behind the feature maps is split. */
    @Test
    void alexnetIsSplitBehindItsMaps() {
        Block block = Network.ALEXNET.classifier(2);
        Shape input = new Shape(1, 3, 224, 224);
        FrequencyRegularizationBuilder builder = FrequencyRegularization.builder().optKept(9);
        Block wrapped = builder.build().apply(block, input);
        List<Integer> ranks = new ArrayList<>();
        try (NDManager manager = NDManager.newBaseManager()) {
            wrapped.initialize(manager, DataType.FLOAT32, input);
            for (Block child : wrapped.getChildren().values()) {
                if (child instanceof FrequencyBlock each) {
                    FrequencyBlocks.tensors(each)
                            .values()
                            .forEach(t -> ranks.add(t.mask().getShape().dimension()));
                }
            }
        }
        assertEquals(List.of(4, 4, 4, 4, 4, 4, 2, 2), ranks);
    }

    private static Block block(Network network, int width) {
        return switch (network) {
            case DCGAN -> new Dcgan(width);
            case UNET -> new UNet(width, 4, 2);
            default -> network.classifier(width);
        };
    }

    private static long[] longs(long... values) {
        return values;
    }

    private static long[] total(long sum) {
        return new long[] {sum};
    }

    private static long[] concat(long[] first, long last) {
        return LongStream.concat(LongStream.of(first), LongStream.of(last)).toArray();
    }

    private static long[] times(int count, long value) {
        return LongStream.generate(() -> value).limit(count).toArray();
    }

    private static long[] repeat(int count, long... values) {
        return Stream.generate(() -> values).limit(count).flatMapToLong(LongStream::of).toArray();
    }
}
