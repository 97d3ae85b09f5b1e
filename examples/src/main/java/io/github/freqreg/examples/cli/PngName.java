package io.github.freqreg.examples.cli;

import io.github.freqreg.examples.data.PngFile;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses the name of a PNG file to write. */
final class PngName implements ITypeConverter<Path> {

    /** {@inheritDoc} */
    @Override
    public Path convert(String name) {
        Path file = Path.of(name);
        if (!PngFile.isNamed(file)) {
            throw new TypeConversionException(PngFile.complaint(file));
        }
        return file;
    }
}
