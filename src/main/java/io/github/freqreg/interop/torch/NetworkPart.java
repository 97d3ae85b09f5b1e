package io.github.freqreg.interop.torch;

import ai.djl.MalformedModelException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The dictionary of a checkpoint that holds the weights of a network.
 *
 * <p>Training scripts save a dictionary such as {@code {"epoch": 5, "state_dict": {…}, "optimizer":
 * {…}}}. The parts that can be a network are the flat dictionaries with names as keys that have a
 * floating point tensor with an axis, except those below the state of an optimiser. {@link
 * TorchCheckpoint} documents which of several is taken.
 *
 * @param path the keys from the top of the checkpoint, joined by dots; empty if it is the whole
 * @param content the dictionary
 * @param others the paths of the other parts that can be a network
 */
record NetworkPart(String path, Map<?, ?> content, List<String> others) {

    /**
     * The names of the network of a checkpoint, best first; "_state_dict" behind them is ignored.
     */
    private static final List<String> NAMES =
            List.of("state_dict", "model", "module", "net", "network", "generator", "params");

    /** State of a module that is not a tensor, which PyTorch allows in a state dictionary. */
    private static final String EXTRA_STATE = "_extra_state";

    private static final int MAX_DEPTH = 8;
    private static final int MAX_TOLD = 8;

    /** Bounds the paths: a pickle of a few megabytes can have millions of dictionaries. */
    private static final int MAX_DICTIONARIES = 10_000;

    /** Bounds the paths to one dictionary, which can hold itself. */
    private static final int MAX_VISITS = 4;

    private static final int MAX_KEY = 255;

    private static final String ADVICE =
            "; save the network's tensors alone in PyTorch: torch.save(net.state_dict(), path)";

    /** A dictionary of a checkpoint, with the keys that lead to it. */
    private record Found(List<String> keys, Map<?, ?> content) {

        String path() {
            return String.join(".", keys);
        }

        boolean isOptimizer() {
            return content.containsKey("param_groups")
                    || !keys.isEmpty()
                            && keys.get(keys.size() - 1)
                                    .toLowerCase(Locale.ROOT)
                                    .startsWith("optim");
        }

        void checkNames() throws MalformedModelException {
            for (Object key : content.keySet()) {
                if (!(key instanceof String)) {
                    throw new MalformedModelException(
                            "expected the keys of "
                                    + PickledValues.line(path())
                                    + " to be names of tensors but found "
                                    + PickledValues.describe(key));
                }
            }
        }

        /** Returns whether the dictionary is flat, with names, and has tensors like weights. */
        boolean canBeNetwork() {
            return content.keySet().stream().allMatch(String.class::isInstance)
                    && content.values().stream().anyMatch(Found::isWeight)
                    && weights(content).values().stream()
                            .noneMatch(each -> each instanceof Map || each instanceof List);
        }

        private static boolean isWeight(Object value) {
            return value instanceof SparseView
                    || value instanceof UnreadTensor
                    || value instanceof StridedView view
                            && view.extents().length > 0
                            && view.storage().element().isFloating();
        }

        boolean hasOnlyTensors() {
            return weights(content).entrySet().stream()
                    .allMatch(entry -> entry.getKey() instanceof String && isTensor(entry));
        }

        private static boolean isTensor(Map.Entry<?, ?> entry) {
            return entry.getValue() instanceof StridedView
                    || entry.getValue() instanceof SparseView
                    || entry.getValue() instanceof UnreadTensor;
        }
    }

    /** Returns a dictionary without the extra state of modules. */
    private static Map<Object, Object> weights(Map<?, ?> content) {
        Map<Object, Object> weights = new LinkedHashMap<>(content);
        weights.keySet().removeIf(key -> key instanceof String name && name.endsWith(EXTRA_STATE));
        return weights;
    }

    /**
     * Finds the part that is the network.
     *
     * @param root the value of the checkpoint's pickle
     * @throws MalformedModelException if there is none, or several and none is preferred
     */
    static NetworkPart find(Object root) throws MalformedModelException {
        List<Found> all = dictionaries(root);
        List<Found> parts = candidates(all);
        if (parts.isEmpty()) {
            if (all.get(0).hasOnlyTensors()) {
                return new NetworkPart("", weights(all.get(0).content()), List.of());
            }
            throw noPart(all.get(0));
        }
        Found best = Collections.min(parts, NetworkPart::compare);
        List<Found> others =
                parts.stream().filter(each -> !each.keys().equals(best.keys())).toList();
        if (others.stream().anyMatch(each -> compare(best, each) == 0)) {
            throw new MalformedModelException(
                    "expected one part that is the network, or one with the name "
                            + String.join(", ", NAMES)
                            + ", but found "
                            + paths(parts)
                            + "; name the part to read");
        }
        return new NetworkPart(
                best.path(), weights(best.content()), others.stream().map(Found::path).toList());
    }

    /**
     * Returns a part by its path.
     *
     * @throws MalformedModelException if there is no dictionary with the path
     */
    static NetworkPart named(Object root, String path) throws MalformedModelException {
        List<Found> all = dictionaries(root);
        List<Found> parts = candidates(all);
        for (Found each : all) {
            if (each.path().equals(path)) {
                each.checkNames();
                List<String> others =
                        parts.stream().map(Found::path).filter(own -> !own.equals(path)).toList();
                return new NetworkPart(path, weights(each.content()), others);
            }
        }
        throw new MalformedModelException(
                "expected a part "
                        + PickledValues.line(path)
                        + " but found "
                        + (parts.isEmpty() ? "none that can be a network" : paths(parts)));
    }

    /** Returns all dictionaries that keys lead to, the whole checkpoint first. */
    private static List<Found> dictionaries(Object root) throws MalformedModelException {
        if (root instanceof PickledObject object && object.type().startsWith("__torch__.")) {
            throw new MalformedModelException(
                    "expected a dictionary of tensors but found a TorchScript archive of "
                            + PickledValues.describe(root)
                            + ", which TorchScript.load loads, and the program's compress NET.pt compresses");
        }
        if (!(root instanceof Map<?, ?> whole)) {
            throw new MalformedModelException(
                    "expected a dictionary of tensors but found "
                            + PickledValues.describe(root)
                            + ADVICE);
        }
        List<Found> found = new ArrayList<>();
        visit(new Found(List.of(), whole), new IdentityHashMap<>(), found);
        return found;
    }

    private static void visit(Found at, Map<Object, Integer> visits, List<Found> found) {
        boolean top = at.keys().isEmpty();
        if (found.size() == MAX_DICTIONARIES
                || visits.merge(at.content(), 1, Integer::sum) > MAX_VISITS
                || !top && at.isOptimizer()) {
            return;
        }
        found.add(at);
        if (at.keys().size() == MAX_DEPTH || at.isOptimizer()) {
            return;
        }
        for (Map.Entry<?, ?> entry : at.content().entrySet()) {
            if (entry.getKey() instanceof String key
                    && key.length() <= MAX_KEY
                    && entry.getValue() instanceof Map<?, ?> map) {
                List<String> keys = new ArrayList<>(at.keys());
                keys.add(key);
                visit(new Found(keys, map), visits, found);
            }
        }
    }

    /** Returns the dictionaries that can be a network; if some hold only tensors, those. */
    private static List<Found> candidates(List<Found> all) {
        List<Found> parts = all.stream().filter(Found::canBeNetwork).toList();
        List<Found> pure = parts.stream().filter(Found::hasOnlyTensors).toList();
        return pure.isEmpty() ? parts : pure;
    }

    /** Compares two parts by the names of the first keys that differ; the better is less. */
    private static int compare(Found first, Found second) {
        int same = 0;
        while (same < Math.min(first.keys().size(), second.keys().size())
                && first.keys().get(same).equals(second.keys().get(same))) {
            same++;
        }
        return Comparator.comparingInt(NetworkPart::rank)
                .compare(key(first, same), key(second, same));
    }

    private static String key(Found part, int index) {
        return index < part.keys().size() ? part.keys().get(index) : "";
    }

    private static int rank(String key) {
        int rank = NAMES.indexOf(key.replaceFirst("(_state_dict|_state)$", ""));
        return rank < 0 ? NAMES.size() : rank;
    }

    private static MalformedModelException noPart(Found whole) {
        String entries =
                whole.content().entrySet().stream()
                        .filter(each -> !(each.getKey() instanceof String && Found.isTensor(each)))
                        .limit(MAX_TOLD)
                        .map(
                                each ->
                                        PickledValues.describe(each.getKey())
                                                + ": "
                                                + PickledValues.describe(each.getValue()))
                        .collect(Collectors.joining(", "));
        return new MalformedModelException(
                "expected every entry to be a tensor, or a dictionary of tensors among them, but"
                        + " found "
                        + entries
                        + ADVICE);
    }

    private static String paths(List<Found> parts) {
        String told =
                parts.stream()
                        .limit(MAX_TOLD)
                        .map(each -> PickledValues.line(each.path()))
                        .collect(Collectors.joining(", "));
        int more = parts.size() - MAX_TOLD;
        return told + (more > 0 ? " and " + more + " more" : "");
    }

    /** Returns the error of an entry of a part that is not a tensor. */
    static MalformedModelException noTensor(String name, Object value) {
        return new MalformedModelException(
                "expected "
                        + PickledValues.line(name)
                        + " to be a tensor of real numbers but found "
                        + PickledValues.describe(value)
                        + (value instanceof UnreadTensor
                                ? "; convert it in PyTorch before it is saved: tensor.float()"
                                : ADVICE));
    }
}
