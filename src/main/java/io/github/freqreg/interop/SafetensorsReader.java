package io.github.freqreg.interop;

import ai.djl.MalformedModelException;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.github.freqreg.format.checks.FileChecks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads a {@code .safetensors} file, and rejects any deviation from the specification.
 *
 * <pre>
 * file   = length of the header in 8 bytes, little-endian, header, data
 * header = a JSON object, then spaces: {"name": {"dtype": "F32", "shape": [2, 3],
 *          "data_offsets": [from, to]}, …, "__metadata__": {"any": "text"}}
 * </pre>
 *
 * <p>Offsets count from the start of the data, which the arrays fill without gaps or overlaps. The
 * order of the header has no meaning: writers sort it or take it from a hash table.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the safetensors format</a>
 */
final class SafetensorsReader {

    /** The largest header, in bytes. */
    static final int MAX_HEADER = 1 << 24;

    static final String METADATA = "__metadata__";
    private static final Pattern COUNT = Pattern.compile("0|[1-9][0-9]{0,17}");

    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsReader() {}

    /** An array as the header describes it. */
    private record Entry(String name, ElementType type, long[] extents, long from, long to) {}

    /**
     * Returns the arrays in the order of their bytes, and then the further names of tied arrays.
     *
     * <p>{@code safetensors.torch.save_model} stores a tied array under one of its names. For each
     * of the others, the metadata has the name as a key and the stored name as its text. These
     * arrays have the same buffer.
     */
    static List<RawArray> readTied(byte[] file) throws MalformedModelException {
        SafetensorsReader reader = new SafetensorsReader();
        List<RawArray> arrays = reader.arrays(file);
        Map<String, RawArray> stored = new HashMap<>();
        arrays.forEach(array -> stored.put(array.name(), array));
        for (Map.Entry<String, String> entry : reader.metadata.entrySet()) {
            RawArray array = stored.get(entry.getValue());
            if (array != null && !stored.containsKey(entry.getKey())) {
                RawArray.checkName(entry.getKey(), reader.names);
                arrays.add(array.withName(entry.getKey()));
            }
        }
        return arrays;
    }

    /** Returns the stored arrays in the order of their bytes. */
    static List<RawArray> read(byte[] file) throws MalformedModelException {
        return new SafetensorsReader().arrays(file);
    }

    private List<RawArray> arrays(byte[] file) throws MalformedModelException {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < Long.BYTES) {
            throw new MalformedModelException(
                    "expected the length of a header in 8 bytes but the file has " + file.length);
        }
        long length = bytes.getLong();
        int most = Math.min(MAX_HEADER, bytes.remaining());
        if (length < 2 || length > most) {
            throw new MalformedModelException(
                    "expected a header of 2 to "
                            + most
                            + " bytes but its length is "
                            + Long.toUnsignedString(length));
        }
        StrictJson.read(bytes.slice(Long.BYTES, (int) length), "the header", this::field);
        ByteBuffer data = bytes.slice(Long.BYTES + (int) length, bytes.remaining() - (int) length);
        return arrays(entries, data);
    }

    private static List<RawArray> arrays(List<Entry> entries, ByteBuffer data)
            throws MalformedModelException {
        entries.sort(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to));
        List<RawArray> arrays = new ArrayList<>();
        long end = 0;
        for (Entry entry : entries) {
            if (entry.from != end || entry.to < end || entry.to > data.remaining()) {
                throw new MalformedModelException(
                        "expected array "
                                + entry.name
                                + " to start at byte "
                                + end
                                + " and to end at most at byte "
                                + data.remaining()
                                + " but it takes the bytes "
                                + entry.from
                                + " to "
                                + entry.to);
            }
            end = entry.to;
            ByteBuffer bytes = data.slice((int) entry.from, (int) (entry.to - entry.from));
            arrays.add(RawArray.of(entry.name, entry.type, entry.extents, bytes));
        }
        if (end != data.remaining()) {
            throw new MalformedModelException(
                    "expected the "
                            + end
                            + " bytes of the arrays after the header but found "
                            + data.remaining());
        }
        return arrays;
    }

    private void field(String name, StrictJson json) throws IOException, MalformedModelException {
        RawArray.checkName(name, names);
        if (name.equals(METADATA)) {
            metadata(json);
        } else {
            entries.add(entry(name, json));
        }
    }

    private void metadata(StrictJson json) throws IOException, MalformedModelException {
        json.object(
                in(METADATA),
                (key, inside) -> {
                    // Not skipValue, which would not check the characters.
                    String text = inside.string(in(METADATA));
                    if (metadata.put(key, text) != null) {
                        throw new MalformedModelException(
                                "the key " + key + " of " + METADATA + " appears twice");
                    }
                });
    }

    private static Entry entry(String name, StrictJson json)
            throws IOException, MalformedModelException {
        ElementType type = null;
        long[] extents = null;
        long[] offsets = null;
        json.expect(JsonToken.BEGIN_OBJECT, in(name));
        JsonReader in = json.in();
        in.beginObject();
        while (in.hasNext()) {
            String field = in.nextName();
            if (field.equals("dtype") && type == null) {
                type = type(name, json);
            } else if (field.equals("shape") && extents == null) {
                extents = counts(name, json);
            } else if (field.equals("data_offsets") && offsets == null) {
                offsets = counts(name, json);
            } else {
                throw new MalformedModelException(
                        "expected dtype, shape and data_offsets of array "
                                + name
                                + ", each once, but found "
                                + field);
            }
        }
        in.endObject();
        if (type == null || extents == null || offsets == null || offsets.length != 2) {
            throw new MalformedModelException(
                    "expected dtype, shape and two data_offsets of array "
                            + name
                            + " but at least one is missing");
        }
        return new Entry(name, type, extents, offsets[0], offsets[1]);
    }

    private static ElementType type(String name, StrictJson json)
            throws IOException, MalformedModelException {
        String text = json.string(in(name));
        for (ElementType type : ElementType.values()) {
            if (type.safetensors().equals(text)) {
                return type;
            }
        }
        throw new MalformedModelException(
                "expected array "
                        + name
                        + " of dtype "
                        + Arrays.stream(ElementType.values())
                                .map(ElementType::safetensors)
                                .collect(Collectors.joining(", "))
                        + " but found "
                        + text
                        + ": convert it to F32 before saving");
    }

    /** Reads extents or offsets: integers of 0 or more. */
    private static long[] counts(String name, StrictJson json)
            throws IOException, MalformedModelException {
        List<Long> counts = new ArrayList<>();
        JsonReader in = json.in();
        json.expect(JsonToken.BEGIN_ARRAY, in(name));
        in.beginArray();
        while (in.hasNext()) {
            json.expect(JsonToken.NUMBER, in(name));
            String text = in.nextString();
            if (!COUNT.matcher(text).matches()) {
                throw new MalformedModelException(
                        "expected counts of 0 or more in array " + name + " but found " + text);
            }
            if (counts.size() == FileChecks.MAX_RANK) {
                throw new MalformedModelException(
                        "expected at most " + FileChecks.MAX_RANK + " axes of array " + name);
            }
            counts.add(Long.parseLong(text));
        }
        in.endArray();
        return counts.stream().mapToLong(count -> count).toArray();
    }

    private static String in(String name) {
        return "in the entry of " + name;
    }
}
