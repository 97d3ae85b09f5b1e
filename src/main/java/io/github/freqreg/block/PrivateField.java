package io.github.freqreg.block;

import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.Optional;

/**
 * A field of a DJL class that has no accessor, opened by reflection.
 *
 * @param <O> the class that declares the field
 * @param <T> the type of the field
 */
final class PrivateField<O, T> {

    private final Class<?> type;
    private final Optional<Field> field;

    /**
     * Opens a field. A field that is missing, has another type or cannot be opened counts as
     * closed.
     *
     * @param owner the class that declares the field
     * @param name of the field
     * @param type of the field
     */
    PrivateField(Class<O> owner, String name, Class<T> type) {
        this.type = MethodType.methodType(type).wrap().returnType();
        field = open(owner, name, type);
    }

    private static Optional<Field> open(Class<?> owner, String name, Class<?> type) {
        try {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field.getType() == type ? Optional.of(field) : Optional.empty();
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** Returns whether the field can be read and written. */
    boolean isOpen() {
        return field.isPresent();
    }

    /**
     * Reads the field.
     *
     * @throws IllegalStateException if it is closed
     */
    T get(O object) {
        try {
            @SuppressWarnings("unchecked") // T, or the class that wraps it if it is primitive
            T value = (T) type.cast(opened().get(object));
            return value;
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(opened() + " is no longer open", e);
        }
    }

    /**
     * Writes the field.
     *
     * @throws IllegalStateException if it is closed
     */
    void set(O object, T value) {
        try {
            opened().set(object, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(opened() + " is no longer open", e);
        }
    }

    private Field opened() {
        return field.orElseThrow(() -> new IllegalStateException("The field is closed"));
    }
}
