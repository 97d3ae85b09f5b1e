package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.tasks.Network;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What a command works on: a network of this program, or a TorchScript archive of the user's own.
 *
 * @param network a network of this program
 * @param archive the path of an archive; exactly one of the two is present
 */
record NetworkName(Optional<Network> network, Optional<Path> archive) {

    /** How the names of TorchScript archives end. */
    private static final List<String> SUFFIXES = List.of(".pt", ".pth", ".ts", ".torchscript");

    /** Parses the name of a network or the path of an archive. */
    static final class Converter implements ITypeConverter<NetworkName> {

        /** {@inheritDoc} */
        @Override
        public NetworkName convert(String text) {
            String name = text.toLowerCase(Locale.ROOT);
            if (SUFFIXES.stream().anyMatch(name::endsWith)) {
                return new NetworkName(Optional.empty(), Optional.of(Path.of(text)));
            }
            try {
                Network named = new Choice<>(Network.class).convert(text);
                return new NetworkName(Optional.of(named), Optional.empty());
            } catch (TypeConversionException e) {
                throw new TypeConversionException(
                        e.getMessage() + "; a TorchScript archive ends with .pt");
            }
        }
    }
}
