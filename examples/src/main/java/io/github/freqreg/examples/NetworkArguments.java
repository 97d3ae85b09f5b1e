package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The arguments of every command that runs a network. */
final class NetworkArguments {

    /** The networks that the program knows. */
    enum Network {
        LENET,
        UNET
    }

    private static final int TRAINING_WIDTH = 16;
    private static final int TRAINING_SIDE = 96;
    private static final int MAX_SIDE = 4096;

    @Parameters(paramLabel = "NETWORK", description = "lenet or unet")
    private Network network;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "lenet: folder with MNIST's four IDX files, gzipped or not (default: the 10,000"
                            + " digits that come with the program); unet: folder with images/"
                            + " and masks/ (default to train: scenes that are drawn)")
    private Path data;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu, gpu or gpu0, gpu1, … (default: ${DEFAULT-VALUE})")
    private String device;

    @Option(
            names = "--width",
            paramLabel = "N",
            description = "unet: channels of the first level (default: 16 to train, else 64)")
    private Integer width;

    @Option(
            names = "--depth",
            paramLabel = "N",
            defaultValue = "4",
            description = "unet: how often the image is halved (default: ${DEFAULT-VALUE})")
    private int depth;

    @Option(
            names = "--size",
            paramLabel = "N",
            description =
                    "unet: side of the square that images are scaled to (default: 96 to train, else"
                            + " their own size)")
    private Integer size;

    Network network() {
        return network;
    }

    /** What a network is trained for. */
    Task task(CommandSpec spec, int move) throws IOException {
        if (network == Network.LENET) {
            return new DigitsTask(data, move);
        }
        check(spec, width == null || width >= 1, "--width must be 1 or more but is " + width);
        check(spec, depth >= 1 && depth <= 6, "--depth must be 1 to 6 but is " + depth);
        int side = size == null ? TRAINING_SIDE : size;
        check(
                spec,
                side >= 1 << depth && side <= MAX_SIDE,
                "--size must be " + (1 << depth) + " to " + MAX_SIDE + " but is " + side);
        return new ScenesTask(data, side, width == null ? TRAINING_WIDTH : width, depth);
    }

    private static void check(CommandSpec spec, boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    Path data() {
        return data;
    }

    /** The device asked for, if the engine has it. */
    Device device(CommandSpec spec) {
        if (device.equals("cpu")) {
            return Device.cpu();
        }
        if (!device.matches("gpu[0-9]{0,3}")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--device must be cpu, gpu or gpu with a number but is " + device);
        }
        int index = device.length() == 3 ? 0 : Integer.parseInt(device.substring(3));
        int count = Engine.getInstance().getGpuCount();
        if (index >= count) {
            throw new DataException(
                    "--device is " + device + " but the engine finds " + count + " GPUs");
        }
        return Device.gpu(index);
    }
}
