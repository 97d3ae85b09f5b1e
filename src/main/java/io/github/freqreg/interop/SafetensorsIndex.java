package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The index of safetensors that are split into several files, the shards, as Hugging Face's
 * libraries write it:
 *
 * <pre>
 * {"metadata": {"total_size": 8}, "weight_map": {"array": "model-00001-of-00002.safetensors", …}}
 * </pre>
 *
 * @param shards the name of the shard that holds an array, by the name of the array
 */
record SafetensorsIndex(Map<String, String> shards) {

    /** The end of the name of an index. */
    static final String SUFFIX = ".safetensors.index.json";

    /** The largest index, in bytes. */
    static final int MAX_BYTES = 1 << 24;

    /** The most shards. */
    static final int MAX_SHARDS = 1 << 10;

    private static final String WEIGHT_MAP = "weight_map";

    /** Parses an index. No shard has a path, so that all lie in the folder of the index. */
    static SafetensorsIndex parse(byte[] json) throws MalformedModelException {
        Map<String, String> shards = new LinkedHashMap<>();
        Set<String> names = new HashSet<>();
        Set<String> keys = new HashSet<>();
        StrictJson.read(
                ByteBuffer.wrap(json),
                "the index",
                (key, top) -> {
                    if (!keys.add(key)) {
                        throw new MalformedModelException(
                                "the key " + key + " of the index appears twice");
                    }
                    if (key.equals(WEIGHT_MAP)) {
                        top.object(
                                "in " + WEIGHT_MAP, (name, map) -> add(shards, names, name, map));
                    } else {
                        top.in().skipValue();
                    }
                });
        if (!keys.contains(WEIGHT_MAP)) {
            throw new MalformedModelException(
                    "expected a weight_map in the index but found the keys " + keys);
        }
        SafetensorsIndex index = new SafetensorsIndex(shards);
        if (index.files().size() > MAX_SHARDS) {
            throw new MalformedModelException(
                    "expected at most " + MAX_SHARDS + " shards but found " + index.files().size());
        }
        return index;
    }

    private static void add(
            Map<String, String> shards, Set<String> names, String name, StrictJson json)
            throws IOException, MalformedModelException {
        RawArray.checkName(name, names);
        String shard = json.string("in the entry of " + name);
        if (!shard.endsWith(".safetensors") || !shard.matches("[^/\\\\:\\p{Cntrl}]+")) {
            throw new MalformedModelException(
                    "expected the file name of a shard of array "
                            + name
                            + ", without a path and ending with .safetensors, but found "
                            + shard.replaceAll("\\p{Cntrl}", "?"));
        }
        shards.put(name, shard);
    }

    /** Returns the names of the shards, sorted. */
    Set<String> files() {
        return new TreeSet<>(shards.values());
    }

    /** Checks that a shard has the arrays that the index places in it, and no others. */
    void check(String shard, List<RawArray> arrays) throws MalformedModelException {
        Set<String> found = new HashSet<>();
        for (RawArray array : arrays) {
            found.add(array.name());
            String place = shards.get(array.name());
            if (!shard.equals(place)) {
                throw new MalformedModelException(
                        "the shard "
                                + shard
                                + " has array "
                                + array.name()
                                + ", but weight_map "
                                + (place == null ? "does not name it" : "places it in " + place));
            }
        }
        List<String> missing = new ArrayList<>();
        shards.forEach(
                (name, place) -> {
                    if (place.equals(shard) && !found.contains(name)) {
                        missing.add(name);
                    }
                });
        if (!missing.isEmpty()) {
            throw new MalformedModelException(
                    "weight_map places array "
                            + missing.get(0)
                            + " in the shard "
                            + shard
                            + ", which does not have it"
                            + (missing.size() > 1
                                    ? ", nor " + (missing.size() - 1) + " more"
                                    : ""));
        }
    }
}
