package io.github.freqreg.examples.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Parses one of several words on the command line; messages show the words as they are typed.
 *
 * @param type whose constants are typed as they are printed, in lower case
 */
record Choice<E extends Enum<E>>(Class<E> type) implements ITypeConverter<E> {

    /** As it is typed. */
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
