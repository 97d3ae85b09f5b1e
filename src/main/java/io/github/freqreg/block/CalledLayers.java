package io.github.freqreg.block;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The layers inside a block that is wrapped whole, because its class calls them through its own
 * fields.
 *
 * <p>Each layer that can be computed factored is exchanged for a stand-in, in the fields, in lists
 * that fields hold, and in child lists that can be changed. A stand-in that is called with the
 * store of a {@link ForwardPass} computes factored, and otherwise calls the original. So a
 * reference that is not found, or cannot be written, costs only speed: the original asks the store
 * for its weight, which is then rebuilt.
 *
 * <p>Stand-ins for {@code Linear} and {@code Conv2d} are subclasses of these, so a field may be
 * declared as such. Other layers are exchanged only where a field is declared as {@code Block} or
 * {@code AbstractBaseBlock}, and their class cannot be told from the field any more.
 */
final class CalledLayers {

    private static final Logger logger = LoggerFactory.getLogger(CalledLayers.class);

    private final Map<Parameter, SpectralParameter> spectral;
    private final List<FactoredLayer> layers = new ArrayList<>();
    private final Map<Block, Block> standIns = new IdentityHashMap<>();
    private final Set<Block> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<Runnable> undo = new ArrayDeque<>();

    private CalledLayers(Map<Parameter, SpectralParameter> spectral) {
        this.spectral = spectral;
    }

    /**
     * Exchanges the layers inside a block for stand-ins, until {@link #restore}.
     *
     * @param block that is wrapped whole
     * @param spectral its regularised tensors by their dense parameters
     * @return the layers; none if the block is a single layer
     */
    static CalledLayers takeOver(Block block, Map<Parameter, SpectralParameter> spectral) {
        CalledLayers called = new CalledLayers(spectral);
        called.exchangeInside(block);
        return called;
    }

    private void exchangeInside(Block parent) {
        if (!seen.add(parent)) {
            return;
        }
        for (Block child : parent.getChildren().values()) {
            Optional<Block> standIn = standIn(child);
            if (standIn.isPresent()) {
                exchange(parent, child, standIn.get());
            } else {
                exchangeInside(child);
            }
        }
    }

    /** Returns the stand-in of a layer, the same in all places; nothing for other blocks. */
    private Optional<Block> standIn(Block child) {
        if (!standIns.containsKey(child)) {
            FactoredLayer.of(child, spectral)
                    .ifPresent(
                            layer -> {
                                layers.add(layer);
                                standIns.put(child, standIn(child, layer));
                            });
        }
        return Optional.ofNullable(standIns.get(child));
    }

    private static Block standIn(Block child, FactoredLayer layer) {
        if (child instanceof Linear linear) {
            return new CalledLinear(linear, layer);
        } else if (child instanceof Conv2d convolution) {
            return new CalledConv2d(convolution, layer);
        }
        return new CalledLayer(child, layer);
    }

    private void exchange(Block parent, Block child, Block standIn) {
        if (ChildBlocks.canReplace(parent)) {
            ChildBlocks.exchange(parent, child, standIn);
            undo.push(() -> ChildBlocks.exchange(parent, standIn, child));
            return;
        }
        for (Field field : fields(parent)) {
            try {
                exchange(parent, field, child, standIn);
            } catch (IllegalAccessException | UnsupportedOperationException e) {
                logger.debug("{} is left as it is", field, e);
            }
        }
    }

    private static List<Field> fields(Block parent) {
        try {
            return BlockFields.of(parent);
        } catch (RuntimeException e) {
            logger.debug("The fields of {} are closed", parent.getClass(), e);
            return List.of();
        }
    }

    private void exchange(Block parent, Field field, Block child, Block standIn)
            throws IllegalAccessException {
        Object value = field.get(parent);
        if (value == child && canBe(field.getGenericType(), standIn)) {
            field.set(parent, standIn);
            undo.push(() -> restore(parent, field, standIn, child));
        } else if (value instanceof List<?> list && elementsCanBe(field, standIn)) {
            @SuppressWarnings("unchecked") // its declaration allows the stand-in
            List<Object> blocks = (List<Object>) list;
            if (exchange(blocks, child, standIn)) {
                undo.push(() -> exchange(blocks, standIn, child));
            }
        }
    }

    /** Returns whether a field is declared as a list of a class that the stand-in belongs to. */
    private static boolean elementsCanBe(Field field, Block standIn) {
        return field.getGenericType() instanceof ParameterizedType type
                && type.getActualTypeArguments().length == 1
                && canBe(type.getActualTypeArguments()[0], standIn);
    }

    /** Returns whether a declaration allows a stand-in; a type variable may mean any class. */
    private static boolean canBe(Type declared, Block standIn) {
        return declared instanceof Class<?> type
                && type != Object.class
                && type.isInstance(standIn);
    }

    private static boolean exchange(List<Object> blocks, Block old, Block replacement) {
        boolean any = false;
        ListIterator<Object> each = blocks.listIterator();
        while (each.hasNext()) {
            if (each.next() == old) {
                each.set(replacement);
                any = true;
            }
        }
        return any;
    }

    /** Restores a field, unless its class has set another block since. */
    private static void restore(Block parent, Field field, Block standIn, Block original) {
        try {
            if (field.get(parent) == standIn) {
                field.set(parent, original);
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field + " is no longer open", e);
        }
    }

    /** Returns the layers that can be computed factored, in the order of the block. */
    List<FactoredLayer> getLayers() {
        return layers;
    }

    /** Puts the originals back. */
    void restore() {
        while (!undo.isEmpty()) {
            undo.pop().run();
        }
    }
}
