package io.github.freqreg.interop;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.freqreg.block.NetworkTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Matches arrays of a file with the parameters of a network by name, and then by role, shape and
 * order.
 *
 * <p>First whole layers are matched, those whose tensors have the same roles and shapes: so the
 * bias of a convolution and that of its normalisation, which have one shape, cannot be exchanged.
 * Tensors of layers without an equal are matched one by one. Where several are alike, their number
 * must be the same on both sides and their order known; otherwise all of them are left over. The
 * order is that of the file, except if the file is sorted by name, see {@link NameOrder}. The
 * projections of attention, which are alike, are told apart by their names.
 */
final class NameMatch {

    /** How a line of the table was found. */
    private enum Reason {
        NAME("By name"),
        SHAPE("By shape: one array and one parameter are alike"),
        ORDER("By shape and order: several are alike");

        private final String title;

        Reason(String title) {
            this.title = title;
        }
    }

    /** A tensor of either side. */
    private record Tensor(String name, String layer, TensorRole role, Shape shape) {

        String kind() {
            return role + " " + shape;
        }
    }

    /** Tensors that are matched together. */
    private record Layer(String name, List<Tensor> tensors) {

        /** Returns what equal layers share. */
        String kind() {
            return tensors.stream().map(Tensor::kind).sorted().collect(Collectors.joining(", "));
        }

        /** Returns whether no two tensors are alike. */
        boolean isClear() {
            return tensors.stream().map(Tensor::kind).distinct().count() == tensors.size();
        }
    }

    private record Pair(Tensor theirs, Tensor ours, Reason reason) {}

    private final Set<Tensor> theirs = new LinkedHashSet<>();
    private final Set<Tensor> ours = new LinkedHashSet<>();
    private final List<String> unusable = new ArrayList<>();
    private final Map<String, Pair> pairs = new HashMap<>();
    private final List<String> order;
    private final boolean sorted;

    private NameMatch(Map<String, Parameter> parameters, NDList arrays) {
        order = List.copyOf(parameters.keySet());
        parameters.forEach((name, parameter) -> ours.add(tensor(name, parameter)));
        List<String> names = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (NDArray array : arrays) {
            String name = array.getName();
            if (name == null || name.endsWith(WeightMatch.SKIPPED)) {
                continue;
            }
            names.add(name);
            if (seen.add(name) && array.getDataType().isFloating()) {
                String layer = name.substring(0, Math.max(0, name.lastIndexOf('.')));
                theirs.add(new Tensor(name, layer, TensorRole.of(name), array.getShape()));
            } else {
                unusable.add(name + " " + array.getShape() + " of " + array.getDataType());
            }
        }
        sorted = NameOrder.isSorted(names);
    }

    private static Tensor tensor(String name, Parameter parameter) {
        String layer = name.substring(0, Math.max(0, name.lastIndexOf('_')));
        TensorRole role = TensorRole.of(name, parameter.getType());
        return new Tensor(name, layer, role, parameter.getArray().getShape());
    }

    /**
     * Proposes a table.
     *
     * @param places the tensors of the network by all of their names, initialised
     * @param arrays the arrays, of which those without a name are ignored
     * @param names maps the name of a parameter to the name that its array may have
     */
    static NameTable of(
            Map<String, NetworkTensor> places, NDList arrays, UnaryOperator<String> names) {
        Map<String, Parameter> all = new LinkedHashMap<>();
        Map<String, Parameter> once = new LinkedHashMap<>();
        places.forEach(
                (name, tensor) -> {
                    all.put(name, tensor.parameter());
                    once.put(tensor.name(), tensor.parameter());
                });
        NameTable ofAll = propose(all, arrays, names);
        // A file may have a tied tensor under each of its names or under one.
        NameTable ofFirst = all.size() == once.size() ? ofAll : propose(once, arrays, names);
        return leftOver(ofFirst) < leftOver(ofAll) ? ofFirst : ofAll;
    }

    private static int leftOver(NameTable table) {
        return table.openParameters().size() + table.unusedArrays().size();
    }

    private static NameTable propose(
            Map<String, Parameter> parameters, NDList arrays, UnaryOperator<String> names) {
        NameMatch match = new NameMatch(parameters, arrays);
        match.byName(names);
        match.byName(UnaryOperator.identity());
        match.layers(match.layersOf(match.theirs), match.layersOf(match.ours));
        match.layers(single(match.theirs), single(match.ours));
        return match.table();
    }

    private void byName(UnaryOperator<String> names) {
        Map<String, Tensor> byName = new HashMap<>();
        theirs.forEach(tensor -> byName.put(tensor.name, tensor));
        for (Tensor own : List.copyOf(ours)) {
            Tensor found = byName.get(names.apply(own.name));
            if (found != null && theirs.contains(found) && found.shape.equals(own.shape)) {
                pair(found, own, Reason.NAME);
            }
        }
    }

    private void pair(Tensor found, Tensor own, Reason reason) {
        if (NameTable.isWritable(found.name, own.name)) {
            theirs.remove(found);
            ours.remove(own);
            pairs.put(own.name, new Pair(found, own, reason));
        }
    }

    private List<Layer> layersOf(Set<Tensor> tensors) {
        Map<String, List<Tensor>> layers = new LinkedHashMap<>();
        tensors.forEach(
                tensor -> layers.computeIfAbsent(tensor.layer, l -> new ArrayList<>()).add(tensor));
        return layers.entrySet().stream()
                .map(layer -> new Layer(layer.getKey(), layer.getValue()))
                .filter(Layer::isClear)
                .toList();
    }

    private static List<Layer> single(Set<Tensor> tensors) {
        return tensors.stream().map(each -> new Layer(each.name, List.of(each))).toList();
    }

    private void layers(List<Layer> found, List<Layer> own) {
        Map<String, List<Layer>> kinds = byKind(found);
        byKind(own).forEach((kind, alike) -> alike(kinds.getOrDefault(kind, List.of()), alike));
    }

    private static Map<String, List<Layer>> byKind(List<Layer> layers) {
        return layers.stream()
                .collect(
                        Collectors.groupingBy(
                                Layer::kind, LinkedHashMap::new, Collectors.toList()));
    }

    /** Matches layers of one kind. */
    private void alike(List<Layer> found, List<Layer> own) {
        if (found.size() != own.size()) {
            return;
        }
        Map<String, List<Layer>> projections = byProjection(found);
        Map<String, List<Layer>> ownProjections = byProjection(own);
        if (counts(projections).equals(counts(ownProjections))) {
            ownProjections.forEach(
                    (name, layers) -> inOrder(projections.getOrDefault(name, List.of()), layers));
        } else if (isUnnamed(projections) || isUnnamed(ownProjections)) {
            inOrder(found, own);
        }
    }

    private static Map<String, List<Layer>> byProjection(List<Layer> layers) {
        return layers.stream()
                .collect(
                        Collectors.groupingBy(
                                layer -> NameOrder.projection(layer.name),
                                TreeMap::new,
                                Collectors.toList()));
    }

    private static Map<String, Integer> counts(Map<String, List<Layer>> projections) {
        Map<String, Integer> counts = new HashMap<>();
        projections.forEach((name, layers) -> counts.put(name, layers.size()));
        return counts;
    }

    private static boolean isUnnamed(Map<String, List<Layer>> projections) {
        return projections.keySet().equals(Set.of(""));
    }

    private void inOrder(List<Layer> found, List<Layer> own) {
        Reason reason = own.size() == 1 ? Reason.SHAPE : Reason.ORDER;
        ordered(found)
                .ifPresent(
                        layers -> {
                            for (int i = 0; i < layers.size(); i++) {
                                match(layers.get(i), own.get(i), reason);
                            }
                        });
    }

    /** Returns layers of the file in the order of their network, if it is known. */
    private Optional<List<Layer>> ordered(List<Layer> layers) {
        if (sorted) {
            return NameOrder.sort(layers, Layer::name);
        }
        for (int i = 1; i < layers.size(); i++) {
            if (NameOrder.goesDown(layers.get(i - 1).name, layers.get(i).name)) {
                return Optional.empty();
            }
        }
        return Optional.of(layers);
    }

    private void match(Layer found, Layer own, Reason reason) {
        Map<String, Tensor> byKind = new HashMap<>();
        found.tensors.forEach(tensor -> byKind.put(tensor.kind(), tensor));
        own.tensors.forEach(
                tensor ->
                        Optional.ofNullable(byKind.get(tensor.kind()))
                                .ifPresent(same -> pair(same, tensor, reason)));
    }

    private NameTable table() {
        StringBuilder text = new StringBuilder();
        text.append("# name in the file = name in the network\n");
        Map<String, String> lines = new LinkedHashMap<>();
        for (Reason reason : Reason.values()) {
            List<Pair> found =
                    order.stream()
                            .map(pairs::get)
                            .filter(pair -> pair != null && pair.reason == reason)
                            .toList();
            if (!found.isEmpty()) {
                text.append("\n# ").append(reason.title).append(".\n");
            }
            for (Pair pair : found) {
                lines.put(pair.ours.name, pair.theirs.name);
                text.append(NameTable.line(pair.theirs.name, pair.ours.name));
            }
        }
        leftOver(text, "file", describe(theirs), unusable);
        leftOver(text, "network", describe(ours), List.of());
        List<String> unused = new ArrayList<>(theirs.stream().map(Tensor::name).toList());
        return new NameTable(
                lines, unused, ours.stream().map(Tensor::name).toList(), text.toString());
    }

    private static List<String> describe(Set<Tensor> tensors) {
        return tensors.stream().map(tensor -> tensor.name + " " + tensor.shape).toList();
    }

    private static void leftOver(
            StringBuilder text, String side, List<String> tensors, List<String> more) {
        if (!tensors.isEmpty() || !more.isEmpty()) {
            text.append("\n# Left over in the ").append(side).append(":\n");
            tensors.forEach(tensor -> text.append(NameTable.comment(tensor)));
            more.forEach(tensor -> text.append(NameTable.comment(tensor)));
        }
    }
}
