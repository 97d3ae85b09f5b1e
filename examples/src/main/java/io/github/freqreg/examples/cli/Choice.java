package io.github.freqreg.examples.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses a constant of an enum on the command line, ignoring case.
 *
 * @param type the enum; a constant is typed as its {@code toString} in lower case, and error
 *     messages list the constants in this form
 */
record Choice<E extends Enum<E>>(Class<E> type) implements ITypeConverter<E> {

    /** Returns a constant as it is typed. */
    static String word(Enum<?> constant) {
        return constant.toString().toLowerCase(Locale.ROOT);
    }

    /** {@inheritDoc} */
    @Override
    public E convert(String text) {
        for (E constant : type.getEnumConstants()) {
            if (word(constant).equalsIgnoreCase(text)) {
                return constant;
            }
        }
        List<String> words = Arrays.stream(type.getEnumConstants()).map(Choice::word).toList();
        throw new TypeConversionException("expected one of " + words + " but was " + text);
    }
}
