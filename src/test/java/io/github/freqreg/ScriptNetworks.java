package io.github.freqreg;

import java.util.Random;

/** Networks as TorchScript modules, with the source that {@code torch.jit.script} writes. */
public final class ScriptNetworks {

    /** The heads of {@link #transformer}. */
    public static final int HEADS = 2;

    private static final String NN = "__torch__.torch.nn.modules.";
    private static final double DEVIATION = 0.3;
    private static final double EPSILON = 1e-5;

    private ScriptNetworks() {}

    /**
     * A convolutional network for images (n, 3, h, w): {@code conv1} 3 to 8 channels of 3 × 3,
     * {@code bn1}, ReLU, {@code conv2} 8 to 8 channels of 3 × 3 in 2 groups, ReLU, the mean over
     * all positions, and {@code fc} 8 to 5.
     */
    public static ScriptModule convolutional(int seed) {
        Random random = new Random(seed);
        return new ScriptModule("__torch__.Net")
                .child("conv1", convolution("Conv2d", random, 1, 8, 3, 3, 3))
                .child("bn1", batchNorm(random, 8))
                .child("conv2", convolution("GroupedConv2d", random, 2, 8, 4, 3, 3))
                .child("fc", linear(random, 5, 8))
                .forward(
                        "_0 = torch.relu((self.bn1).forward((self.conv1).forward(x, ), ))",
                        "x0 = torch.relu((self.conv2).forward(_0, ))",
                        "x1 = torch.mean(x0, [2, 3])",
                        "return (self.fc).forward(x1, )");
    }

    /** A network for images (n, 3, 6, 6): {@code conv} 3 to 8 channels, and {@code fc} 72 to 4. */
    public static ScriptModule flattened(int seed) {
        Random random = new Random(seed);
        return new ScriptModule("__torch__.Net")
                .child("conv", convolution("Conv2d", random, 1, 8, 3, 3, 3))
                .child("fc", linear(random, 4, 72))
                .forward(
                        "_0 = torch.relu((self.conv).forward(x, ))",
                        "_1 = torch.max_pool2d(_0, [2, 2], [2, 2], [0, 0], [1, 1], False)",
                        "return (self.fc).forward(torch.flatten(_1, 1), )");
    }

    /**
     * A decoder for (n, 4, h, w): {@code up}, a transposed convolution 4 to 3 of 2 × 2, stride 2.
     */
    public static ScriptModule decoder(int seed) {
        Random random = new Random(seed);
        String type = NN + "conv.ConvTranspose2d";
        ScriptModule up =
                new ScriptModule(type)
                        .parameter("weight", ScriptTensor.random(random, DEVIATION, 4, 3, 2, 2))
                        .parameter("bias", ScriptTensor.random(random, DEVIATION, 3))
                        .method(
                                "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                                "weight = self.weight",
                                "bias = self.bias",
                                "return torch.conv_transpose2d(input, weight, bias, [2, 2],"
                                        + " [0, 0], [0, 0], 1, [1, 1])");
        return new ScriptModule("__torch__.Decoder")
                .child("up", up)
                .forward("return (self.up).forward(x, )");
    }

    /**
     * A layer of a transformer for (n, length, 8): self-attention of two heads with {@code
     * attention.qkv} and {@code attention.out}, {@code norm1}, the feed-forward layers {@code
     * linear1} and {@code linear2}, and {@code norm2}. Normalisation follows each sum.
     */
    public static ScriptModule transformer(int seed) {
        Random random = new Random(seed);
        String type = "__torch__.Attention";
        ScriptModule attention =
                new ScriptModule(type)
                        .child("qkv", linear(random, 24, 8))
                        .child("out", linear(random, 8, 8))
                        .forward(
                                "n, length, _0, = torch.size(x)",
                                "_1 = torch.reshape((self.qkv).forward(x, ), [n, length, 3, "
                                        + HEADS
                                        + ", 4])",
                                "_2 = torch.permute(_1, [2, 0, 3, 1, 4])",
                                "q = torch.select(_2, 0, 0)",
                                "k = torch.select(_2, 0, 1)",
                                "v = torch.select(_2, 0, 2)",
                                "_3 = torch.matmul(q, torch.transpose(k, -2, -1))",
                                "weights = torch.softmax(torch.mul(_3, 0.5), -1)",
                                "_4 = torch.transpose(torch.matmul(weights, v), 1, 2)",
                                "_5 = torch.reshape(_4, [n, length, 8])",
                                "return (self.out).forward(_5, )");
        return new ScriptModule("__torch__.TransformerLayer")
                .child("attention", attention)
                .child("norm1", layerNorm(random, 8))
                .child("linear1", linear(random, 16, 8))
                .child("linear2", linear(random, 8, 16))
                .child("norm2", layerNorm(random, 8))
                .forward(
                        "_0 = torch.add(x, (self.attention).forward(x, ))",
                        "x0 = (self.norm1).forward(_0, )",
                        "_1 = torch.relu((self.linear1).forward(x0, ))",
                        "_2 = torch.add(x0, (self.linear2).forward(_1, ))",
                        "return (self.norm2).forward(_2, )");
    }

    /**
     * A language model for (n, length) int64 tokens: {@code embedding} of 7 tokens by 4, and {@code
     * head}, whose weight is the same tensor as the embedding's.
     */
    public static ScriptModule tied(int seed) {
        Random random = new Random(seed);
        ScriptTensor weight = ScriptTensor.random(random, DEVIATION, 7, 4);
        String type = NN + "sparse.Embedding";
        ScriptModule embedding =
                new ScriptModule(type)
                        .parameter("weight", weight)
                        .method(
                                "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                                "weight = self.weight",
                                "_0 = __torch__.torch.nn.functional.embedding(input, weight, )",
                                "return _0")
                        .function(
                                "__torch__.torch.nn.functional.embedding",
                                "def embedding(input: Tensor, weight: Tensor) -> Tensor:",
                                "  return torch.embedding(weight, input, -1, False, False)");
        return new ScriptModule("__torch__.LanguageModel")
                .child("embedding", embedding)
                .child("head", linear(weight, ScriptTensor.random(random, DEVIATION, 7)))
                .forward("return (self.head).forward((self.embedding).forward(x, ), )");
    }

    /**
     * A network for (n, 64): {@code fc1} 64 to 640, {@code fc2} 640 to 640 and {@code fc3} 640 to
     * 5, with ReLU between them. Each weight is a sum of cosines of low frequencies, as if the
     * network had been trained with few coefficients.
     */
    public static ScriptModule smooth(int seed) {
        Random random = new Random(seed);
        return new ScriptModule("__torch__.Net")
                .child("fc1", smoothLinear(random, 640, 64))
                .child("fc2", smoothLinear(random, 640, 640))
                .child("fc3", smoothLinear(random, 5, 640))
                .forward(
                        "_0 = torch.relu((self.fc1).forward(x, ))",
                        "_1 = torch.relu((self.fc2).forward(_0, ))",
                        "return (self.fc3).forward(_1, )");
    }

    private static ScriptModule smoothLinear(Random random, int outputs, int inputs) {
        float[] weight = new float[outputs * inputs];
        for (int u = 0; u < 5; u++) {
            for (int v = 0; v < 5; v++) {
                double amplitude = random.nextGaussian() / inputs;
                for (int row = 0; row < outputs; row++) {
                    double down = amplitude * Math.cos(Math.PI * u * (row + 0.5) / outputs);
                    for (int column = 0; column < inputs; column++) {
                        double across = Math.cos(Math.PI * v * (column + 0.5) / inputs);
                        weight[row * inputs + column] += (float) (down * across);
                    }
                }
            }
        }
        return linear(
                ScriptTensor.of(weight, outputs, inputs),
                ScriptTensor.of(new float[outputs], outputs));
    }

    /** Makes a convolution (outputs, inputs of a group, kernel) that keeps the image's size. */
    private static ScriptModule convolution(String name, Random random, int groups, long... shape) {
        String type = NN + "conv." + name;
        return new ScriptModule(type)
                .parameter("weight", ScriptTensor.random(random, DEVIATION, shape))
                .parameter("bias", ScriptTensor.random(random, DEVIATION, shape[0]))
                .constant("stride : Final[Tuple[int, int]] = (1, 1)")
                .constant("groups : Final[int] = " + groups)
                .method(
                        "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                        "weight = self.weight",
                        "bias = self.bias",
                        "_0 = (self)._conv_forward(input, weight, bias, )",
                        "return _0")
                .method(
                        "def _conv_forward(self: "
                                + type
                                + ",\n    input: Tensor,\n    weight: Tensor,\n    bias:"
                                + " Optional[Tensor]) -> Tensor:",
                        "_0 = torch.conv2d(input, weight, bias, [1, 1], [1, 1], [1, 1], "
                                + groups
                                + ")",
                        "return _0");
    }

    private static ScriptModule linear(Random random, long outputs, long inputs) {
        return linear(
                ScriptTensor.random(random, DEVIATION, outputs, inputs),
                ScriptTensor.random(random, DEVIATION, outputs));
    }

    private static ScriptModule linear(ScriptTensor weight, ScriptTensor bias) {
        String type = NN + "linear.Linear";
        return new ScriptModule(type)
                .parameter("weight", weight)
                .parameter("bias", bias)
                .method(
                        "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                        "weight = self.weight",
                        "bias = self.bias",
                        "return torch.linear(input, weight, bias)");
    }

    private static ScriptModule batchNorm(Random random, int channels) {
        String type = NN + "batchnorm.BatchNorm2d";
        float[] variance = new float[channels];
        for (int i = 0; i < channels; i++) {
            variance[i] = 0.5f + random.nextFloat();
        }
        return new ScriptModule(type)
                .parameter("weight", ScriptTensor.random(random, DEVIATION, channels))
                .parameter("bias", ScriptTensor.random(random, DEVIATION, channels))
                .buffer("running_mean", ScriptTensor.random(random, DEVIATION, channels))
                .buffer("running_var", ScriptTensor.of(variance, channels))
                .buffer("num_batches_tracked", ScriptTensor.of(new long[] {3}))
                .method(
                        "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                        "training = self.training",
                        "if training:",
                        "  num_batches_tracked = self.num_batches_tracked",
                        "  _0 = torch.add_(num_batches_tracked, 1)",
                        "else:",
                        "  pass",
                        "running_mean = self.running_mean",
                        "running_var = self.running_var",
                        "weight = self.weight",
                        "bias = self.bias",
                        "_1 = torch.batch_norm(input, weight, bias, running_mean, running_var,"
                                + " training, 0.1, "
                                + EPSILON
                                + ", True)",
                        "return _1");
    }

    private static ScriptModule layerNorm(Random random, int features) {
        String type = NN + "normalization.LayerNorm";
        return new ScriptModule(type)
                .parameter("weight", ScriptTensor.random(random, DEVIATION, features))
                .parameter("bias", ScriptTensor.random(random, DEVIATION, features))
                .method(
                        "def forward(self: " + type + ", input: Tensor) -> Tensor:",
                        "weight = self.weight",
                        "bias = self.bias",
                        "return torch.layer_norm(input, ["
                                + features
                                + "], weight, bias, "
                                + EPSILON
                                + ")");
    }
}
