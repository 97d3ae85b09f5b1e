package io.github.freqreg.policy;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.Prelu;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import io.github.freqreg.block.AttentionHeads;
import io.github.freqreg.policy.FoundAxes.Layout;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Finds the axes of linear layers from the shapes of a network whose shapes are known.
 *
 * <p>The blocks are visited in the order of the tree. The trace remembers the last shape of rank 3
 * or more. A linear layer whose inputs are as many as the elements of that shape follows a
 * flattening; a linear layer whose outputs are as many as the elements of the next such shape
 * precedes its opposite. Where a class flattens in its own {@code forward}, after a pooling that no
 * block shows, the layer before it tells: n inputs behind a convolution with M outputs are M maps
 * of k × k pixels if n = M · k · k. A layer that is visited twice with different results is not
 * split.
 */
final class ShapeTrace {

    private final Map<Block, Optional<FoundAxes>> found = new IdentityHashMap<>();
    private State state = State.UNKNOWN;

    private ShapeTrace() {}

    /**
     * Visits a network.
     *
     * @param root of the network; its blocks know the shapes of their inputs if it is initialised
     * @return the axes found for the weights of blocks
     */
    static Map<Block, FoundAxes> of(Block root) {
        ShapeTrace trace = new ShapeTrace();
        Optional<Shape> image = input(root).filter(ShapeTrace::hasSpace).map(ShapeTrace::example);
        trace.visit(root);
        trace.restore(Layout.MAPS_FIRST);
        image.ifPresent(trace::restoreImage);
        Map<Block, FoundAxes> axes = new IdentityHashMap<>();
        trace.found.forEach((block, its) -> its.ifPresent(each -> axes.put(block, each)));
        return axes;
    }

    private void visit(Block block) {
        Optional<Shape> input = input(block);
        input.ifPresent(this::see);
        if (block instanceof ScaledDotProductAttentionBlock attention) {
            splitHeads(attention);
            state = State.UNKNOWN;
        } else if (block.getChildren().isEmpty()) {
            if (!block.getDirectParameters().isEmpty()) {
                passLayer(block, input);
            }
        } else if (block instanceof ParallelBlock) {
            State before = state;
            for (Block branch : block.getChildren().values()) {
                state = before.branch();
                visit(branch);
            }
            state = State.UNKNOWN;
        } else {
            block.getChildren().values().forEach(this::visit);
        }
    }

    /** Remembers a shape that has axes of space or time. */
    private void see(Shape shape) {
        if (!hasSpace(shape)) {
            return;
        }
        Shape example = example(shape);
        boolean restored =
                state.linear.isPresent()
                        && state.restored.isEmpty()
                        && units(state.linear.get()) == example.size();
        Layout layout =
                state.layout.orElse(
                        example.dimension() == 2 ? Layout.SPACE_ONLY : Layout.MAPS_FIRST);
        state =
                new State(
                        Optional.of(example),
                        Optional.of(layout),
                        state.convolution,
                        state.linear,
                        restored ? Optional.of(example) : state.restored);
    }

    private void passLayer(Block block, Optional<Shape> input) {
        LayerType layer = LayerType.of(block);
        if (layer == LayerType.NORMALIZATION || block instanceof Prelu) {
            return;
        }
        boolean convolution =
                layer == LayerType.CONVOLUTION || layer == LayerType.TRANSPOSED_CONVOLUTION;
        restore(convolution ? Layout.MAPS_FIRST : Layout.FEATURES_LAST);
        boolean linear = block instanceof Linear && input.isPresent() && isFlat(input.get());
        if (linear) {
            put(block, flattened(block, input.get().get(1)));
        }
        Optional<Shape> output = input.flatMap(each -> output(block, each));
        state =
                new State(
                        output.filter(ShapeTrace::hasSpace).map(ShapeTrace::example),
                        Optional.of(convolution ? Layout.MAPS_FIRST : Layout.FEATURES_LAST),
                        convolution ? Optional.of(block) : Optional.empty(),
                        linear ? Optional.of(block) : Optional.empty(),
                        Optional.empty());
    }

    private Optional<FoundAxes> flattened(Block linear, long inputs) {
        if (state.example.isPresent() && state.example.get().size() == inputs) {
            Layout layout = state.layout.orElse(Layout.MAPS_FIRST);
            return FoundAxes.flattened(units(linear), state.example.get(), layout);
        }
        return state.convolution
                .flatMap(layer -> maps(layer, inputs))
                .flatMap(maps -> FoundAxes.flattened(units(linear), maps, Layout.MAPS_FIRST));
    }

    /** Returns the maps that a convolution gives, by the number of their elements. */
    private static Optional<Shape> maps(Block convolution, long elements) {
        Shape weight = weight(convolution);
        int outputs = LayerType.of(convolution) == LayerType.CONVOLUTION ? 0 : 1;
        return FoundAxes.maps(weight.get(outputs), weight.dimension() - 2, elements);
    }

    /** Splits the linear layer whose outputs were reshaped. */
    private void restore(Layout layoutOfSequences) {
        if (state.linear.isPresent() && state.restored.isPresent()) {
            Shape example = state.restored.get();
            restore(
                    state.linear.get(),
                    example,
                    example.dimension() > 2 ? Layout.MAPS_FIRST : layoutOfSequences);
        }
    }

    /** Splits the last layer, if that is linear and gives as many elements as an image has. */
    private void restoreImage(Shape image) {
        Layout layout = image.dimension() == 2 ? Layout.SPACE_ONLY : Layout.MAPS_FIRST;
        state.linear
                .filter(last -> units(last) == image.size())
                .ifPresent(last -> restore(last, image, layout));
    }

    private void restore(Block linear, Shape example, Layout layout) {
        if (found.getOrDefault(linear, Optional.empty()).isEmpty()) {
            found.put(linear, FoundAxes.restored(example, layout, weight(linear).get(1)));
        }
    }

    private void splitHeads(ScaledDotProductAttentionBlock attention) {
        OptionalInt heads = AttentionHeads.of(attention);
        Block result = attention.getResultProjection();
        if (heads.isEmpty() || heads.getAsInt() < 2 || !result.isInitialized()) {
            return;
        }
        long count = heads.getAsInt();
        for (Block each :
                new Block[] {
                    attention.getQueryProjection(),
                    attention.getKeyProjection(),
                    attention.getValueProjection()
                }) {
            put(
                    each,
                    Optional.of(
                            FoundAxes.toHeads(count, units(each) / count, weight(each).get(1))));
        }
        put(
                result,
                Optional.of(
                        FoundAxes.fromHeads(units(result), count, weight(result).get(1) / count)));
    }

    private void put(Block block, Optional<FoundAxes> axes) {
        found.merge(block, axes, (one, other) -> one.equals(other) ? one : Optional.empty());
    }

    private static Optional<Shape> input(Block block) {
        // Blocks without parameters may have no shapes; others have none before initialisation.
        Shape[] inputs = block.isInitialized() ? block.getInputShapes() : null;
        return inputs == null || inputs.length == 0 ? Optional.empty() : Optional.of(inputs[0]);
    }

    private static Optional<Shape> output(Block block, Shape input) {
        try {
            return Optional.of(block.getOutputShapes(new Shape[] {input})[0]);
        } catch (RuntimeException e) {
            // A layer of several inputs, or of the user's own.
            return Optional.empty();
        }
    }

    private static boolean hasSpace(Shape batch) {
        return batch.dimension() > 2 && example(batch).size() > 0;
    }

    private static boolean isFlat(Shape batch) {
        return batch.dimension() == 2;
    }

    private static Shape example(Shape batch) {
        return batch.slice(1);
    }

    private static long units(Block linear) {
        return weight(linear).get(0);
    }

    private static Shape weight(Block layer) {
        for (Parameter parameter : layer.getDirectParameters().values()) {
            if (parameter.getType() == Parameter.Type.WEIGHT) {
                return parameter.getArray().getShape();
            }
        }
        throw new IllegalArgumentException(layer + " has no weight");
    }

    /**
     * What is known at a place of the network.
     *
     * @param example the last shape with axes of space or time, without the batch
     * @param layout of the shape
     * @param convolution the last layer with a weight, if it is a convolution
     * @param linear the last layer with a weight, if it is linear and its inputs are vectors
     * @param restored the shape that the outputs of the linear layer became
     */
    private record State(
            Optional<Shape> example,
            Optional<Layout> layout,
            Optional<Block> convolution,
            Optional<Block> linear,
            Optional<Shape> restored) {

        static final State UNKNOWN =
                new State(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());

        /** Returns the state where a branch begins; a layer before it has several readers. */
        State branch() {
            return new State(example, layout, convolution, Optional.empty(), Optional.empty());
        }
    }
}
