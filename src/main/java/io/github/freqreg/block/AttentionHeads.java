package io.github.freqreg.block;

import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import io.github.freqreg.Internal;
import java.util.OptionalInt;

/** Reads the number of heads of DJL's attention, which has no accessor. */
@Internal
public final class AttentionHeads {

    private static final PrivateField<ScaledDotProductAttentionBlock, Integer> COUNT =
            new PrivateField<>(ScaledDotProductAttentionBlock.class, "headCount", int.class);

    private AttentionHeads() {}

    /**
     * Returns the number of heads.
     *
     * @param attention the block
     * @return the number, or nothing if the field cannot be opened
     */
    public static OptionalInt of(ScaledDotProductAttentionBlock attention) {
        return COUNT.isOpen() ? OptionalInt.of(COUNT.get(attention)) : OptionalInt.empty();
    }
}
