package io.github.freqreg.examples.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import io.github.freqreg.examples.data.DataException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option that selects the device. */
final class DeviceArgument {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu, gpu or gpu0, gpu1, … (default: ${DEFAULT-VALUE})")
    private String device;

    /**
     * Returns the selected device.
     *
     * @throws DataException if the engine does not have it
     */
    Device get() {
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
                    "--device is " + device + " but the engine reports " + count + " GPUs");
        }
        return Device.gpu(index);
    }
}
