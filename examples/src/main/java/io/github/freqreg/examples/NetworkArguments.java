package io.github.freqreg.examples;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of every command that runs a network on data. */
final class NetworkArguments {

    /** The networks that the program knows. */
    enum Network {
        LENET,
        UNET
    }

    @Parameters(paramLabel = "NETWORK", description = "lenet or unet")
    private Network network;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "lenet: folder with MNIST's four IDX files, gzipped or not (default: the 10,000"
                            + " digits that come with the program); unet: folder with images/ and"
                            + " masks/ (default to train: scenes that are drawn)")
    private Path data;

    @Mixin private DeviceArgument device;

    @Mixin private UNetArguments unet;

    Network network() {
        return network;
    }

    Path data() {
        return data;
    }

    Device device() {
        return device.get();
    }

    UNetArguments unet() {
        return unet;
    }

    /** What a network is trained for. */
    Task task(int move) throws IOException {
        return network == Network.LENET ? new DigitsTask(data, move) : unet.task(data);
    }
}
