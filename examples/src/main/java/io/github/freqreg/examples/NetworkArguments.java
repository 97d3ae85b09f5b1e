package io.github.freqreg.examples;

import ai.djl.Device;
import ai.djl.engine.Engine;
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

    @Parameters(paramLabel = "NETWORK", description = "lenet or unet")
    private Network network;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "lenet: folder with MNIST's four IDX files, gzipped or not (default: the 10,000"
                            + " digits that come with the program); unet: folder with images/"
                            + " and masks/")
    private Path data;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu, gpu or gpu0, gpu1, … (default: ${DEFAULT-VALUE})")
    private String device;

    Network network() {
        return network;
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
