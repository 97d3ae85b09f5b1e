package io.github.freqreg.block;

import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;

/** The fields through which a block's class calls other blocks. */
final class BlockFields {

    private BlockFields() {}

    /**
     * Opens the fields of a block's class and its superclasses that may refer to blocks. Those of
     * DJL's {@code AbstractBlock} are left out.
     *
     * @throws RuntimeException if one cannot be opened, for example in a strict module system
     */
    static List<Field> of(Block block) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> type = block.getClass();
                type != null && type != AbstractBlock.class && type != Object.class;
                type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        return fields;
    }
}
